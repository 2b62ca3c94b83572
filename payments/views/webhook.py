"""The webhooks' door. What is taken is stored; what cannot be taken now is answered so that the provider sends it again."""

from __future__ import annotations

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from mentorship.kernel import clock
from mentorship.kernel.errors import problem
from mentorship.kernel.http import PageRequest
from payments import providers
from payments.providers.base import ForgedWebhook, ProviderTrouble
from payments.services import inbox

log = structlog.get_logger(__name__)
LARGEST = 256 * 1024


# A provider has no session and no token of ours; its signature over the raw body is what is checked.
@csrf_exempt
def receive(request: PageRequest, provider: str) -> HttpResponse:
    """Verify the raw body, keep the event, answer. Never rate limited: a provider that is slowed down gives up."""
    sender = providers.by_name(provider)
    if request.method != "POST":
        return problem(405, "malformed", "Webhooks are posted.", Allow="POST")
    try:
        # One byte more than allowed is enough to know; Content-Length is only what the sender says.
        body = request.read(LARGEST + 1)
    except UnreadablePostError:
        return problem(400, "malformed", "The body broke off.")
    if len(body) > LARGEST:
        return problem(413, "too_large", "A webhook has at most 256 kB.")
    try:
        event = sender.parse_webhook(request.headers, body, clock.machine_now())
        payload = body.decode()
        inbox.check(event)
    except (ForgedWebhook, ValueError, RecursionError):
        return problem(400, "malformed", "This is not a webhook of this provider.")
    except ProviderTrouble as trouble:
        # It cannot be checked now (PayPal's certificate is out of reach).
        return _again(provider, "This cannot be verified now.", trouble)
    try:
        # Not `request.now`: in the demo the clock is a row, and reading it may be what fails.
        inbox.store(provider, event, payload, now=clock.now())
    except (OperationalError, InterfaceError) as away:
        return _again(provider, "This cannot be kept now.", away)
    return JsonResponse({"received": True})


def _again(provider: str, why: str, trouble: Exception) -> HttpResponse:
    """Nothing is lost: every provider sends again what was not taken, for days."""
    log.warning("webhook_not_taken", provider=provider, error=str(trouble))
    return problem(503, "try_again", why, **{"Retry-After": "60"})
