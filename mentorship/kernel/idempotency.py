"""Same key and body, same answer. The stored answer and the effect share one transaction, so neither exists alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from mentorship.kernel.models import IdempotencyKey
from mentorship.kernel.refusals import Malformed

MAX_KEY = 200


def key_of(request: HttpRequest) -> str | None:
    """The key a form field or the `Idempotency-Key` header carries, or None. Raises Malformed for an absurd one."""
    key = request.headers.get("Idempotency-Key") or request.POST.get("idempotency_key") or None
    if key is not None and (len(key) > MAX_KEY or not key.isprintable()):
        raise Malformed(f"An Idempotency-Key has at most {MAX_KEY} printable characters.")
    return key


def body_hash(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


def reused() -> Malformed:
    return Malformed("This Idempotency-Key was already used for something else.", code="key_reused")


def is_known(*, user: Any, scope: str, key: str | None) -> bool:
    """Whether this key has an answer already: a replay is answered like the first, whatever has changed since."""
    return key is not None and IdempotencyKey.objects.filter(user=user, scope=scope, key=key).exists()


def once(*, user: Any, scope: str, key: str | None, body: dict[str, Any], do: Callable[[], Any]) -> Any:
    """Run `do` at most once per (user, scope, key) and return its JSON-able answer, or the stored one.

    A concurrent twin waits at the unique index until the first has committed (then it replays) or rolled back (then it
    runs). A refusal raised by `do` rolls back the key too. Raises Malformed `key_reused` for another body.
    """
    if key is None:
        return do()
    wanted = body_hash(body)
    with transaction.atomic():
        row = IdempotencyKey(user=user, scope=scope, key=key, body_hash=wanted)
        IdempotencyKey.objects.bulk_create([row], ignore_conflicts=True)
        row = IdempotencyKey.objects.select_for_update(no_key=True).get(user=user, scope=scope, key=key)
        if row.body_hash != wanted:
            raise reused()
        if row.answer is None:
            row.answer = do()
            row.save(update_fields=["answer"])
            # Read back what was stored, so that first answer and replay are the same to the letter.
            row.refresh_from_db(fields=["answer"])
        return row.answer
