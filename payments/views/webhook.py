from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from mentorship.kernel import clock
from mentorship.kernel.errors import problem
from mentorship.kernel.http import PageRequest
from payments import providers
from payments.providers.base import ForgedWebhook, ProviderTrouble
from payments.services import inbox

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
    except ProviderTrouble:
        # It cannot be checked now (PayPal's certificate is out of reach): every provider sends again what failed.
        return problem(503, "try_again", "This cannot be verified now.", **{"Retry-After": "60"})
    inbox.store(provider, event, payload, now=request.now)
    return JsonResponse({"received": True})
