"""The API's frame: whatever goes wrong under /api/ is answered as problem+json, and the OpenAPI document says so."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError
from ninja.openapi.docs import Swagger
from ninja.parser import Parser
from pydantic.alias_generators import to_camel

from mentorship.kernel import errors
from mentorship.kernel.api import Problem
from mentorship.kernel.errors import problem
from mentorship.kernel.refusals import Malformed, Refusal

log = structlog.get_logger(__name__)
UNREADABLE = (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError, DataError)


class StrictParser(Parser):
    """A JSON object, or nothing, as RFC 8259 has it, and only text that PostgreSQL can store: no NUL, no half a character."""

    def parse_body(self, request: HttpRequest) -> Any:
        body = json.loads(request.body, parse_constant=_no_such_number)
        if body is not None and not isinstance(body, dict):
            # ninja reads a list or a text as an object without members: enough for a call whose members may all be left out.
            raise Malformed("The body must be a JSON object.")
        waiting = [body]
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, list):
                waiting += value
            elif isinstance(value, dict):
                waiting += [*value.keys(), *value.values()]
        return body

    def parse_querydict(self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest) -> Any:
        for values in data.lists():
            for value in values[1]:
                if isinstance(value, str):
                    _check_text(value)
        return super().parse_querydict(data, list_fields, request)


def _no_such_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check_text(text: str) -> None:
    if "\x00" in text or not _is_unicode(text):
        raise Malformed("Text may not contain NUL or half a character.")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Docs(Swagger):
    """The documentation page, whose "try it out" sends the CSRF token. Its assets are served from here, not by a CDN."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        swagger = json.dumps({**self.settings, "url": self.get_openapi_url(api, kwargs)}, indent=1)
        return render(request, self.template, {"swagger_settings": swagger, "api": api, "add_csrf": True})


class FramedAPI(NinjaAPI):
    """A NinjaAPI that speaks camelCase and refuses in problem+json."""

    def __init__(self, **options: Any) -> None:
        super().__init__(parser=StrictParser(), docs=Docs(), **options)
        handlers: dict[Any, Any] = {
            Refusal: errors.answer,
            ValidationError: _invalid,
            HttpError: _http_error,
            Http404: errors.not_found,
            **dict.fromkeys(UNREADABLE, _unreadable),
            Exception: _unexpected,
        }
        for kind, handler in handlers.items():
            self.add_exception_handler(kind, handler)

    def add_router(self, prefix: str, router: Router | str, **options: Any) -> None:
        if isinstance(router, Router):
            for path_view in router.path_operations.values():
                for operation in path_view.operations:
                    operation.by_alias = True  # so that no router can forget it
        super().add_router(prefix, router, **options)

    def get_openapi_schema(self, **options: Any) -> Any:
        """ninja's document plus the problem responses that each operation can give."""
        document = super().get_openapi_schema(**options)
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        for methods in document["paths"].values():
            for method, operation in list(methods.items()):
                methods[method] = _described(method, operation)
        return document


def _described(method: str, operation: dict[str, Any]) -> dict[str, Any]:
    # Two methods of one view share one dictionary: each gets its own, with an id of its own.
    operation = deepcopy(operation)
    operation["operationId"] = f"{method}_{operation['operationId']}"
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, words in _problems(method, operation).items():
        operation["responses"].setdefault(status, {"description": words, "content": content})
    if 429 in operation["responses"]:
        operation["responses"][429]["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}
        }
    return operation


def _problems(method: str, operation: dict[str, Any]) -> dict[int, str]:
    found = {}
    unsafe, private = method != "get", bool(operation.get("security"))
    if private:
        found[401] = "`login_required`"
    if private and unsafe:
        found[403] = "`csrf_failed`, or `not_yours_to_do`: the wrong side of one's own row"
        found[409] = "A rule refused; `code` says which."
    if unsafe:
        found[429] = "`slow_down`"
        found[413] = "`too_large`"
    if operation.get("parameters") or operation.get("requestBody"):
        found[404] = "`not_found`: unknown, or a stranger's"
        found[422] = "`malformed`"
    return found


def _invalid(request: HttpRequest, wrong: ValidationError) -> HttpResponse:
    return problem(422, "malformed", " ".join(map(_sentence, wrong.errors[:10])))


def _sentence(error: dict[str, Any]) -> str:
    where = ".".join(to_camel(str(step)) for step in error["loc"] if step not in ("body", "query", "path"))
    return f"{where}: {error['msg']}." if where else f"{error['msg']}."


def _http_error(request: HttpRequest, wrong: HttpError) -> HttpResponse:
    cause = wrong.__cause__
    if isinstance(cause, Refusal):
        return errors.answer(request, cause)
    if wrong.status_code == 400:
        return problem(422, "malformed", "The body is not readable JSON.")
    return problem(wrong.status_code, "refused", wrong.message)


def _unreadable(request: HttpRequest, wrong: Exception) -> HttpResponse:
    if isinstance(wrong, RequestDataTooBig):
        return problem(413, "too_large", "The body is too large.")
    if isinstance(wrong, DataError):
        # No statement is sent with values the schemas refuse; should one slip through, PostgreSQL refused and rolled back.
        log.warning("data_refused", path=request.path, error=str(wrong))
    return problem(422, "malformed", "The request could not be understood.")


def _unexpected(request: HttpRequest, wrong: Exception) -> HttpResponse:
    log.error("api_failed", path=request.path, method=request.method, exc_info=wrong)
    return errors.server_error(request)
