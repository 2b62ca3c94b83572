"""`Refusal`: a rule said no. It carries a code for machines and a sentence for people; pages and API print it as it is."""

from __future__ import annotations


class Refusal(Exception):
    """A rule refused. `code` is for programs and never changes, `message` is a sentence a user can read."""

    status = 409

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotFound(Refusal):
    """The row does not exist for this viewer: unknown, or a stranger's."""

    status = 404

    def __init__(self, message: str = "There is nothing here for you.", code: str = "not_found") -> None:
        super().__init__(code, message)


class NotYours(Refusal):
    """The row is the viewer's own, but this verb belongs to the other side."""

    status = 403

    def __init__(self, message: str = "Only the other side can do this.") -> None:
        super().__init__("not_yours_to_do", message)


class Malformed(Refusal):
    """The input cannot be understood."""

    status = 422

    def __init__(self, message: str, code: str = "malformed") -> None:
        super().__init__(code, message)


class SlowDown(Refusal):
    """Too many attempts. `retry_after` is in seconds of machine time."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__("slow_down", "That was a lot at once. Please wait a moment and try again.")
        self.retry_after = max(1, retry_after)


class LoginRequired(Refusal):
    """Nobody is signed in."""

    status = 401

    def __init__(self) -> None:
        super().__init__("login_required", "Sign in first.")


class CsrfFailed(Refusal):
    """An unsafe request of a signed-in person without the right token."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "csrf_failed", "The CSRF token is missing or wrong. Send the csrftoken cookie's value as X-CSRFToken."
        )
