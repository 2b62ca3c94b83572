"""The admin's frame: what a form or an address there cannot mean is answered with 400, as the API's frame answers 422."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse

from mentorship.kernel import errors

log = structlog.get_logger(__name__)
# Where Django's admin first makes something of a value that no form has checked: a chosen id that is drawn again or that
# an action is for, a filter, the start value of a date, the field that choices are looked up for. It raises there.
READERS = {
    ("django.db.models.fields", "get_prep_value"),
    ("django.db.models.fields", "to_python"),
    ("django.utils.timezone", "is_aware"),
    ("django.contrib.admin.views.autocomplete", "process_request"),
    ("django.contrib.admin.views.autocomplete", "get_queryset"),
}


class AdminFrameMiddleware:
    """Refuses what cannot be read. Only what broke at such a place is: any other error of the admin stays one (500)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        """Text that PostgreSQL cannot store is in none of its rows: nothing is looked up. What is sent, forms judge."""
        if _is_admins(request) and _has_nul(request.GET.lists()):
            return errors.bad_request(request)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not _is_admins(request) or not _is_unreadable(exception):
            return None
        log.warning("admin_unreadable", path=request.path, method=request.method, exc_info=exception)
        return errors.bad_request(request, exception)


def _is_admins(request: HttpRequest) -> bool:
    """Not the support desk, which lies under the same address and reads what it is asked itself."""
    return request.resolver_match is not None and request.resolver_match.app_name == "admin"


def _has_nul(values: Any) -> bool:
    return any("\x00" in text for name, texts in values for text in (name, *texts))


def _is_unreadable(exception: Exception) -> bool:
    if isinstance(exception, DataError):
        return True
    if not isinstance(exception, (ValueError, ValidationError, TypeError, AttributeError)):
        return False
    return _place(exception.__traceback__) in READERS


def _place(trace: TracebackType | None) -> tuple[str, str] | None:
    """The module and the function that raised."""
    if trace is None:
        return None
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_globals["__name__"], trace.tb_frame.f_code.co_name
