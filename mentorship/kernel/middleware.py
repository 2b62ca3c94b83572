"""The edge: one `now` for each request, and refusals that escape a page turned into a page."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

from mentorship.kernel import clock, errors
from mentorship.kernel.http import PageRequest
from mentorship.kernel.refusals import Refusal

View = Callable[[HttpRequest], HttpResponse]
# These must get an answer while the database is away, and the demo's clock is a row in it: whoever asks whether we live,
# and a provider with a webhook (it is told to send it again).
WITHOUT_CLOCK = ("/healthz", "/readyz", "/metrics")
WEBHOOKS = "/api/webhooks/"


class NowMiddleware:
    """`request.now`: the instant this request is judged at."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: PageRequest) -> HttpResponse:
        if request.path not in WITHOUT_CLOCK and not request.path.startswith(WEBHOOKS):
            request.now = clock.now()
        return self.get_response(request)


class AdminPolicyMiddleware:
    """The admin's scripts build functions and styles out of attributes; it alone may. Nothing else is let loose there."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            script, style = [SELF, UNSAFE_EVAL], [SELF, UNSAFE_INLINE]
            response._csp_replace = {"script-src": script, "style-src": style}  # type: ignore[attr-defined]
        return response


class RefusalMiddleware:
    """A refusal that no view caught becomes the page (or problem+json) of its status; so does the API's 405."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and errors.wants_json(request):
            return errors.method_not_allowed(response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return errors.answer(request, exception) if isinstance(exception, Refusal) else None
