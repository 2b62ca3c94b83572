"""What a mentor does about payouts: ask for one, and say where they go."""

from __future__ import annotations

import re

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mentorship.kernel.refusals import Malformed, Refusal
from mentorship.people.http import SignedInRequest, mentors_only
from payments.payout_forms import PayoutDetailsForm
from payments.services.payouts import request_payout, save_details
from payments.views.wallet import known_details, show


@mentors_only
@require_POST
def ask(request: SignedInRequest) -> HttpResponse:
    """The sum that stood on the button, so that what was read is what is asked for."""
    currency, amount = request.POST.get("currency", ""), request.POST.get("amount", "")
    if not re.fullmatch(r"[A-Z]{3}", currency) or not re.fullmatch(r"[0-9]{1,15}", amount):
        raise Malformed("This payout could not be read. Please go back to your wallet and ask again.")
    try:
        payout = request_payout(mentor=request.user, currency=currency, amount_minor=int(amount), now=request.now)
    except Refusal as refusal:
        return show(request, refusal)
    messages.success(request, f"{payout.amount_display} are set aside for you. We write to you when the bank has it.")
    return redirect("wallet")


# The one page that could lead money astray: whoever changes it has just shown who they are.
@sensitive_post_parameters()
@never_cache
@mentors_only
@reauthentication_required(allow_get=False)
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: SignedInRequest) -> HttpResponse:
    known = known_details(request.user.pk)
    form = PayoutDetailsForm(request.POST or None, known=known)
    if request.method == "POST" and form.is_valid():
        save_details(mentor=request.user, details=form.details(), now=request.now)
        messages.success(request, "Saved. Your next payouts go there.")
        return redirect("wallet")
    status = 422 if request.method == "POST" else 200
    return render(request, "payments/wallet_details.html", {"form": form, "known": known}, status=status)
