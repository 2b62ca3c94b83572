from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mentorship.people.http import SignedInRequest, mentors_only
from payments import ledger
from payments.models import LedgerEntry

PAGE = 50


@mentors_only
@require_safe
def wallet(request: SignedInRequest) -> HttpResponse:
    """A mentor's money: pending and available in each currency, and the entries that explain them."""
    rows = LedgerEntry.objects.filter(mentor=request.user).select_related("transaction").order_by("-id")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    context = {
        "balances": ledger.balances(request.user.pk),
        "entries": found[:PAGE],
        "older_url": f"?before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "payments/wallet.html", context)
