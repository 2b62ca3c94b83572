"""Money that is not what was asked for is kept and flagged; nothing is granted for it; an admin gives it back."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from packs.models import SessionPack
from payments import providers
from payments.jobs import reconcile_orders, send_refunds
from payments.models import Order, Payment, Refund
from payments.services import give_money_back
from tests.cast import HOUR, NOW
from tests.payments.scene import accounts
from tests.stories.scene import books, come_back, credits, give_back, pack_of, place, post, tell, work_off

pytestmark = pytest.mark.django_db

SPLIT = {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


@pytest.fixture
def order(till, mia, sam):
    return place(till, sam, pack_of(mia))


def tell_of(till, lost):
    """The webhooks about an order that is not there any more."""
    for webhook in till.webhooks(lost):
        assert post(till, webhook) == 200
    work_off()


def assert_set_aside(till, order, words):
    order = tell(till, order)
    order = come_back(order)
    assert order.status == "PENDING"
    assert words in order.attention
    assert not SessionPack.objects.exists()
    return Payment.objects.get()


class TestWrongAmount:
    @pytest.mark.parametrize("amount", [27999, 28001, 280])
    def test_is_kept_and_flagged(self, till, order, amount):
        till.twist(order, amount=amount)
        till.pay(order)
        payment = assert_set_aside(till, order, f"{amount} USD came, 28000 USD was asked for.")
        assert (payment.status, payment.amount_minor) == ("MISMATCHED", amount)
        assert books(till, amount) == {"PROVIDER": amount, "UNCLAIMED": -amount}

    def test_goes_back_once(self, till, order, boss):
        till.twist(order, amount=27999)
        till.pay(order)
        payment = assert_set_aside(till, order, "27999 USD came")
        give_money_back(payment_id=payment.pk, by=boss, reason="Not the price", now=NOW)
        with pytest.raises(Refusal):
            give_money_back(payment_id=payment.pk, by=boss, reason="Not the price", now=NOW)
        give_back(till, order)
        assert till.given_back(order) == 27999
        assert Refund.objects.get().status == "SUCCEEDED"
        assert books(till, 27999) == {}
        assert not SessionPack.objects.exists()

    def test_given_back_there(self, till, order):
        till.twist(order, amount=27999)
        till.pay(order)
        assert_set_aside(till, order, "27999 USD came")
        till.refund(order)
        tell(till, order)
        assert till.given_back(order) == 27999
        assert books(till, 27999) == {}


def test_wrong_currency(till, order, boss):
    other = till.other_currency
    till.twist(order, currency=other)
    till.pay(order)
    payment = assert_set_aside(till, order, f"28000 {other} came, 28000 USD was asked for.")
    assert (payment.status, payment.currency) == ("MISMATCHED", other)
    assert books(till) == {}
    assert books(till, 28000, currency=other) == {"PROVIDER": 28000, "UNCLAIMED": -28000}
    give_money_back(payment_id=payment.pk, by=boss, reason="Another currency", now=NOW)
    give_back(till, order)
    assert till.given_back(order) == 28000
    assert books(till, 28000, currency=other) == {}


def test_real_money_where_test_money_is_expected(company, mia, sam):
    if not company.knows_test_money:
        assert company.name == "paypal"  # there it lies in the address that is asked
        return
    order = place(company, sam, pack_of(mia))
    company.is_test_money(order, live=True)
    company.pay(order)
    payment = assert_set_aside(company, order, "Test money and real money do not mix.")
    assert payment.status == "WRONG_MODE"
    assert accounts("USD") == {}, "what is no money is in no book"


class TestMoneyOfNoOrder:
    """The order is gone: say, the database was restored from a copy made before it."""

    @pytest.fixture
    def lost(self, till, order):
        till.pay(order)
        providers.by_name(till.name).fetch_payment(order.provider_reference)  # where it has to be, it is collected
        lost = Order.objects.get()
        Order.objects.all().delete()
        tell_of(till, lost)
        return lost

    def test_is_kept_with_its_fee(self, till, lost):
        payment = Payment.objects.get()
        assert (payment.status, payment.order, payment.amount_minor) == ("UNMATCHED", None, 28000)
        assert books(till, 28000) == {"PROVIDER": 28000, "UNCLAIMED": -28000}

    def test_goes_back(self, till, lost, boss):
        payment = Payment.objects.get()
        give_money_back(payment_id=payment.pk, by=boss, reason="Whose is it?", now=NOW)
        send_refunds(NOW)
        tell_of(till, lost)
        assert till.given_back(lost) == 28000
        assert books(till, 28000) == {}


def test_agreed_to_but_not_collected_for_an_order_that_is_gone(till, order):
    """Where the money has to be collected (PayPal), nothing is collected for nobody; the others have it already."""
    till.pay(order)
    lost = Order.objects.get()
    Order.objects.all().delete()
    tell_of(till, lost)
    assert Payment.objects.count() == (0 if till.name == "paypal" else 1)


def test_paid_twice_by_two_pages_is_two_purchases(till, mia, sam, go):
    """The first page was replaced, yet the buyer had it open and paid there too: the hour of late money."""
    first = place(till, sam, pack_of(mia))
    till.pay(first)
    second = place(till, sam, pack_of(mia))
    till.pay(second)
    tell(till, second)
    go(NOW + HOUR)
    first = tell(till, first)
    reconcile_orders(NOW + HOUR)
    second.refresh_from_db()
    taken = [order for order in (first, second) if order.status == "FULFILLED"]
    # PayPal takes nothing for a page that was replaced: the buyer agreed, but nobody collected.
    assert len(taken) == (1 if till.name == "paypal" else 2)
    assert credits(second.pack) == (4 * len(taken), 0, 0)
    paid = [28000] * len(taken)
    assert books(till, *paid) == {account: amount * len(taken) for account, amount in SPLIT.items()}
