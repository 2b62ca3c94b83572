"""A refund that had succeeded and comes back from the buyer's bank; and what a provider charges for a dispute."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mentorship.kernel.refusals import Refusal
from mentorship.pages.audit import running
from mentorship.people.models import User
from payments.jobs import send_refunds
from payments.models import Refund
from payments.providers.base import DisputeFacts, DisputeStatus, RefundFacts, RefundStatus, Reversals
from payments.services import paid_back_by_hand, refund_order, try_again
from payments.services.reversals import apply_reversals
from tests.cast import DAY, NOW, offering, user
from tests.payments.scene import SPLIT, accounts, pay, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def refund(mia, sam):
    order = pay(place(sam, offering(mia)))
    refund_order(order_id=order.pk, by=mia, reason="She moves away", now=NOW)
    send_refunds(NOW)
    found = Refund.objects.get()
    assert (found.status, accounts()) == ("SUCCEEDED", {})
    return found


def came_back(refund, reference=None):
    facts = RefundFacts(
        RefundStatus.FAILED,
        reference or refund.provider_reference,
        refund.amount_minor,
        refund.currency,
        refund.pk,
        "The account is closed.",
    )
    apply_reversals(refund.payment, Reversals((facts,)), now=NOW + DAY)
    refund.refresh_from_db()
    return refund


def test_it_is_nobodys_until_it_is_paid_by_hand(refund):
    for _ in range(2):
        came_back(refund)
    assert (refund.status, refund.bounced_at) == ("SUCCEEDED", NOW + DAY)
    assert accounts() == {"PROVIDER": 28000, "UNCLAIMED": -28000}
    refund.order.refresh_from_db()
    assert refund.order.attention == "A refund of €280 came back from the buyer's bank. Pay it by hand."
    assert running.run(NOW + DAY).broken == []
    paid_back_by_hand(refund_id=refund.pk, by=user("boss"), reference="SEPA 17", now=NOW + 2 * DAY)
    assert accounts() == {"PROVIDER": 28000, "BANK": -28000}
    with pytest.raises(Refusal):
        paid_back_by_hand(refund_id=refund.pk, by=user("boss2"), reference="SEPA 18", now=NOW + 2 * DAY)


def test_an_admin_finds_it_and_pays_it(refund, client):
    came_back(refund)
    boss = User.objects.create_superuser("boss@example.test", "demo-password-1")
    client.force_login(boss)
    assert list(Refund.objects.needing_somebody()) == [refund]
    page = reverse("admin:payments_refund_by_hand", args=[refund.pk])
    assert page in client.get(reverse("admin:payments_refund_change", args=[refund.pk])).content.decode()
    client.post(page, {"_form_submitted": "on", "reference": "SEPA 17"})
    refund.refresh_from_db()
    assert (refund.by, refund.needs) == (boss, "")
    assert not Refund.objects.needing_somebody().exists()
    assert accounts() == {"PROVIDER": 28000, "BANK": -28000}


def test_another_attempt_of_it_that_failed_is_not_this_one(refund):
    came_back(refund, "an older attempt")
    assert refund.bounced_at is None
    assert accounts() == {}


def test_an_old_failure_does_not_end_a_new_attempt(mia, sam):
    order = pay(place(sam, offering(mia)))
    refund = refund_order(order_id=order.pk, by=mia, reason="", now=NOW)
    Refund.objects.update(status="FAILED", provider_reference="first")
    try_again(refund_id=refund.pk)
    came_back(refund, "first")
    assert refund.status == "REQUESTED"


def test_one_that_waits_for_somebody_calls_an_admin(mia, sam):
    order = pay(place(sam, offering(mia)))
    refund = refund_order(order_id=order.pk, by=mia, reason="", now=NOW)
    facts = RefundFacts(RefundStatus.PENDING, "r1", 28000, "EUR", refund.pk, "The buyer's bank details are missing.")
    apply_reversals(refund.payment, Reversals((facts,)), now=NOW)
    refund.refresh_from_db()
    order.refresh_from_db()
    assert (refund.status, refund.provider_reference) == ("REQUESTED", "r1")
    assert order.attention == "A refund waits at the provider: The buyer's bank details are missing."


@pytest.mark.parametrize("status", [DisputeStatus.WON, DisputeStatus.LOST])
def test_the_fee_of_a_dispute_is_the_platforms_once_whoever_wins(mia, sam, status):
    payment = pay(place(sam, offering(mia))).payments.get()
    for now_known in (DisputeStatus.OPEN, status, status):
        facts = DisputeFacts(now_known, "dp_1", 28000, "EUR", "fraudulent", 1500, "EUR")
        apply_reversals(payment, Reversals(disputes=(facts,)), now=NOW)
    won = {"PROVIDER": 26500, "FEES": 1500} | {name: SPLIT[name] for name in ("MENTOR_PENDING", "PLATFORM_PENDING")}
    assert accounts() == (won if status is DisputeStatus.WON else {"PROVIDER": -1500, "FEES": 1500})
