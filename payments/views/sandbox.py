"""The sandbox's hosted page. It stands for a foreign site: no login, no header, no session, no demo bar."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from mentorship.kernel import clock, money
from payments.models import SandboxCheckout
from payments.services import sandbox

Status = SandboxCheckout.Status
OUTCOMES = ("paid", "declined", "abandoned")


# A foreign site knows neither our cookies nor our tokens; whoever has the page's unguessable address may decide on it.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, reference: str) -> HttpResponse:
    if not settings.SANDBOX_PAYMENTS:
        raise Http404
    checkout = SandboxCheckout.objects.filter(reference=reference).first()
    if checkout is None:
        raise Http404
    outcome = request.POST.get("outcome", "")
    if request.method != "POST":
        return _show(checkout)
    if outcome not in OUTCOMES:
        return _show(checkout, status=400)
    if outcome == "abandoned" and checkout.status == Status.OPEN:
        # Whoever walks away may come back: the page stays payable while it lives.
        return redirect(checkout.cancel_url)
    if outcome != "abandoned":
        checkout = sandbox.decide(reference, outcome)
    return _show(checkout) if checkout.is_over(clock.machine_now()) else redirect(checkout.return_url)


def _show(checkout: SandboxCheckout, status: int = 200) -> HttpResponse:
    over = checkout.is_over(clock.machine_now())
    context = {
        "checkout": checkout,
        "amount": money.display(checkout.amount_minor, checkout.currency),
        "over": over,
        "done": checkout.status in (Status.PAID, Status.DECLINED),
    }
    # Rendered without the request: what every page of ours is given (reader, zone, unread) does not exist here.
    return HttpResponse(render_to_string("sandbox/checkout.html", context), status=410 if over else status)
