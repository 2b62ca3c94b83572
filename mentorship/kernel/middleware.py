"""The edge: one `now` for each request, and refusals that escape a page turned into a page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from mentorship.kernel import clock, errors
from mentorship.kernel.refusals import Refusal

View = Callable[[HttpRequest], HttpResponse]


class NowMiddleware:
    """`request.now`: the instant this request is judged at."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.now = clock.now()  # type: ignore[attr-defined]
        return self.get_response(request)


class RefusalMiddleware:
    """A refusal that no view caught becomes the page (or problem+json) of its status."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return errors.answer(request, exception) if isinstance(exception, Refusal) else None

