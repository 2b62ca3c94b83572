"""The buyer is through with the page, but the money takes days: a bank debit, a payment under review, a late fee."""

from __future__ import annotations

import pytest

from packs.models import SessionPack
from payments.jobs import expire_orders, fulfil_paid_orders
from payments.models import Payment, Refund
from payments.services import call_off, refund_order, try_again
from seats.jobs import sweep_seats
from tests.cast import DAY, NOW
from tests.payments.scene import accounts
from tests.stories.conftest import SLOW_MONEY
from tests.stories.scene import books, buy, come_back, credits, give_back, pack_of, place, seats, tell

pytestmark = pytest.mark.django_db

SPLIT = {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


@pytest.mark.parametrize("company", SLOW_MONEY, indirect=True)
class TestOnItsWay:
    @pytest.fixture
    def order(self, company, mia, sam, go):
        order = place(company, sam, pack_of(mia))
        company.pay_slowly(order)
        tell(company, order)
        order = come_back(order)
        assert order.status == "PENDING"
        assert not SessionPack.objects.exists()
        assert books(company) == {}
        go(NOW + 3 * DAY)
        expire_orders(NOW + 3 * DAY)
        sweep_seats(NOW + 3 * DAY)
        return order

    def test_it_comes_and_is_granted_then(self, company, order):
        company.slow_money_ends(order, ok=True)
        order = tell(company, order)
        assert order.status == "FULFILLED"
        assert credits(order.pack) == (4, 0, 0)
        assert seats() == [("sam", "ACTIVE")]
        assert books(company, 28000) == SPLIT

    def test_it_never_comes(self, company, order):
        company.slow_money_ends(order, ok=False)
        order = tell(company, order)
        assert order.status in ("EXPIRED", "FAILED")
        assert fulfil_paid_orders(NOW + 3 * DAY) == 0
        assert seats() == []
        assert not Payment.objects.exists()
        assert books(company) == {}


@pytest.mark.parametrize("company", ["stripe"], indirect=True)
def test_what_the_company_keeps_is_known_only_later(company, mia, sam):
    company.standin.late_fees = True
    order = buy(company, sam, pack_of(mia))
    assert accounts("USD") == SPLIT
    company.standin.settle_fee(order.provider_reference)
    tell(company, order)
    assert accounts("USD") == SPLIT | {"PROVIDER": 27158, "FEES": 842}
    assert books(company, 28000) == SPLIT


class TestARefundThatFailedOnce:
    @pytest.fixture
    def failed(self, company, mia, sam, boss):
        order = buy(company, sam, pack_of(mia))
        company.slow_refunds()
        refund_order(order_id=order.pk, by=boss, reason="Sorry", now=NOW, sessions=1)
        give_back(company, order)
        failed = Refund.objects.get()
        company.finish_refund(failed.provider_reference, ok=False)
        tell(company, order)
        failed.refresh_from_db()
        assert failed.status == "FAILED"
        return failed

    def test_its_second_attempt_is_not_taken_for_the_first(self, company, failed):
        try_again(refund_id=failed.pk)
        give_back(company, failed.order)
        failed.refresh_from_db()
        assert failed.status == "REQUESTED", "on its way, whatever became of the first"
        company.finish_refund(failed.provider_reference, ok=True)
        give_back(company, failed.order)
        failed.refresh_from_db()
        assert failed.status == "SUCCEEDED"
        assert company.given_back(failed.order) == 7000
        assert credits(failed.order.pack) == (3, 0, 0)
        assert books(company, 28000) == {"PROVIDER": 21000, "MENTOR_PENDING": -14700, "PLATFORM_PENDING": -6300}

    def test_called_off_its_sessions_can_be_refunded_anew(self, company, failed, boss):
        call_off(refund_id=failed.pk, by=boss, reason="Keep it", now=NOW)
        assert credits(failed.order.pack) == (4, 0, 0)
        company.slow_refunds(False)
        again = refund_order(order_id=failed.order.pk, by=boss, reason="Now really", now=NOW)
        assert again.amount_minor == 28000
        give_back(company, failed.order)
        assert company.given_back(failed.order) == 28000
        assert credits(failed.order.pack) == (0, 0, 0)
        assert books(company, 28000) == {}
