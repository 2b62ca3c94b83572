"""How a refusal is told: a page for people, `application/problem+json` for programs."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from mentorship.kernel.refusals import CsrfFailed, LoginRequired, Refusal

TITLES = {
    400: "That could not be read",
    401: "Please sign in",
    403: "Not yours to do",
    404: "Nothing here",
    405: "Not this method",
    409: "That is not possible now",
    413: "Too large",
    422: "That could not be understood",
    429: "Slow down",
    500: "Something broke on our side",
    503: "Not now",
}


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def problem(status: int, code: str, detail: str, **headers: str) -> JsonResponse:
    """problem+json: {status, code, title, detail}."""
    body = {"status": status, "code": code, "title": TITLES.get(status, "Refused"), "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json", headers=headers)


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The whole answer for a refusal that reached the edge."""
    headers = {"Retry-After": str(refusal.retry_after)} if hasattr(refusal, "retry_after") else {}
    if wants_json(request):
        return problem(refusal.status, refusal.code, refusal.message, **headers)
    page = {404: "404.html", 429: "429.html", 403: "403.html"}.get(refusal.status, "refusal.html")
    context: dict[str, Any] = {"refusal": refusal, "title": TITLES.get(refusal.status, "Not possible")}
    response = render(request, page, context, status=refusal.status)
    for name, value in headers.items():
        response.headers[name] = value
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if wants_json(request):
        return answer(request, CsrfFailed() if request.user.is_authenticated else LoginRequired())
    return render(request, "403.html", {"csrf": True}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if wants_json(request):
        return problem(404, "not_found", "There is nothing here for you.")
    return render(request, "404.html", status=404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if wants_json(request):
        if isinstance(exception, RequestDataTooBig):
            return problem(413, "too_large", "The body is too large.")
        return problem(422, "malformed", "The request could not be read.")
    return render(request, "400.html", status=400)


def method_not_allowed(response: HttpResponse) -> HttpResponse:
    """ninja's own 405 is plain text; ours says the same in problem+json."""
    allowed = response.headers.get("Allow", "")
    return problem(405, "method_not_allowed", f"This address understands {allowed}.", Allow=allowed)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return problem(500, "server_error", "Something broke on our side. Nothing was changed.")
    try:
        return render(request, "500.html", status=500)
    except Exception:  # noqa: BLE001  (what broke may be just what this page needs, such as the static files' manifest)
        return HttpResponse("Something broke on our side. Nothing was lost.", status=500, content_type="text/plain")
