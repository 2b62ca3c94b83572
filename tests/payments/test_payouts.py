"""Payouts with exact numbers: asked for once, paid once, given back when called off; what was overpaid is netted once."""

from __future__ import annotations

from functools import partial
from threading import Event

import pytest

from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages import audit
from mentorship.people.models import User
from notifications.models import Notification
from payments import ledger
from payments.jobs import release_shares
from payments.models import LedgerEntry, LedgerTransaction, Payout, PayoutDetails
from payments.payout_details import Details, is_iban
from payments.providers.base import RefundFacts, RefundStatus, Reversals
from payments.services import payouts, transfers
from payments.services.payouts import cancel_payout, mark_paid, request_payout, save_details
from payments.services.reversals import apply_reversals
from payments.services.transfers import record_transfer
from sessions_app.services import book, complete
from tests.cast import DAY, NOW, at, mentor, offering, user
from tests.payments.scene import accounts, pay, place
from tests.races import meet, remove_locks, together, without

LATER = at(20)
ACCOUNT = Details(holder="Mia Sato", account="DE89370400440532013000", country="DE")
OPEN_ONCE = ("payments_payout", "payments_one_open_payout")


def taught(mia, sam, *days, order=None):
    """Sam has paid 280 (196 Mia's) for four sessions; on these days one was held, and 72 h have passed for each."""
    order = order or pay(place(sam, offering(mia)))
    for day in days:
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=at(day - 2))
        complete(session_id=session.pk, by=mia, now=at(day, 11))
    release_shares(LATER)
    return order


def ready(mia):
    save_details(mentor=mia, details=ACCOUNT, now=NOW)
    return mia


def boss():
    return User.objects.create_superuser("boss@example.test", "demo-password-1")


def money_of(person, currency="EUR"):
    """(pending, available, in payout), minor units."""
    found = {b.currency: (b.pending, b.available, b.in_payout) for b in ledger.balances(person.pk)}
    return found.get(currency, (0, 0, 0))


def gone_at_the_provider(order, amount, *, now=LATER, reference="re_1"):
    """A refund begun in the provider's dashboard has succeeded."""
    facts = RefundFacts(RefundStatus.SUCCEEDED, reference, amount, order.currency, None)
    apply_reversals(order.payments.get(status="CONFIRMED"), Reversals(refunds=[facts]), now=now)


def code_of(call):
    with pytest.raises(Refusal) as refused:
        call()
    return refused.value.code


@pytest.mark.django_db
class TestRequest:
    def test_sets_everything_available_aside(self, mia, sam):
        taught(ready(mia), sam, 3, 4)
        payout = request_payout(mentor=mia, currency="EUR", now=LATER)
        assert (payout.amount_minor, payout.status, payout.requested_at) == (9800, "REQUESTED", LATER)
        assert money_of(mia) == (9800, 0, 9800)
        assert accounts() == {
            "PROVIDER": 28000, "MENTOR_PENDING": -9800, "MENTOR_PAYOUT": -9800,
            "PLATFORM_PENDING": -4200, "PLATFORM_AVAILABLE": -4200,
        }  # fmt: skip

    def test_a_part_leaves_the_rest(self, mia, sam):
        taught(ready(mia), sam, 3, 4)
        request_payout(mentor=mia, currency="EUR", amount_minor=1, now=LATER)
        assert money_of(mia) == (9800, 9799, 1)

    def test_pressed_twice_is_one(self, mia, sam):
        taught(ready(mia), sam, 3)
        first = request_payout(mentor=mia, currency="EUR", amount_minor=4900, now=LATER)
        assert request_payout(mentor=mia, currency="EUR", amount_minor=4900, now=LATER + DAY) == first
        assert request_payout(mentor=mia, currency="EUR", now=LATER + DAY) == first
        assert money_of(mia) == (14700, 0, 4900)

    def test_one_open_at_a_time(self, mia, sam):
        taught(ready(mia), sam, 3, 4)
        request_payout(mentor=mia, currency="EUR", amount_minor=4900, now=LATER)
        assert (
            code_of(partial(request_payout, mentor=mia, currency="EUR", amount_minor=100, now=LATER)) == "payout_open"
        )
        assert Payout.objects.count() == 1

    def test_currencies_are_apart(self, mia, sam, sue):
        taught(ready(mia), sam, 3)
        naira = pay(place(sue, offering(mia, price=5000, currency="NGN")))
        taught(mia, sue, 5, order=naira)
        request_payout(mentor=mia, currency="EUR", now=LATER)
        assert request_payout(mentor=mia, currency="NGN", now=LATER).amount_minor == 875
        assert code_of(partial(request_payout, mentor=mia, currency="USD", now=LATER)) == "nothing_to_pay_out"

    @pytest.mark.parametrize(("amount", "code"), [(4901, "more_than_available"), (0, "nothing_to_pay_out"),
                                                  (-5, "nothing_to_pay_out"), (10**17, "more_than_available")])  # fmt: skip
    def test_of_what_is_not_there_is_refused(self, mia, sam, amount, code):
        taught(ready(mia), sam, 3)
        assert code_of(partial(request_payout, mentor=mia, currency="EUR", amount_minor=amount, now=LATER)) == code
        assert money_of(mia) == (14700, 4900, 0)

    def test_pending_money_is_not_there(self, mia, sam):
        pay(place(sam, offering(ready(mia))))
        assert code_of(partial(request_payout, mentor=mia, currency="EUR", now=LATER)) == "nothing_to_pay_out"

    def test_without_an_account_it_is_refused(self, mia, sam):
        taught(mia, sam, 3)
        assert code_of(partial(request_payout, mentor=mia, currency="EUR", now=LATER)) == "payout_details_missing"

    def test_it_goes_where_the_mentor_had_said_then(self, mia, sam):
        taught(ready(mia), sam, 3)
        payout = request_payout(mentor=mia, currency="EUR", now=LATER)
        save_details(mentor=mia, details=Details("Thief", "999999999"), now=LATER)
        payout.refresh_from_db()
        assert Details.opened(payout.secret) == ACCOUNT


@pytest.mark.django_db
class TestPaid:
    def test_leaves_our_bank_once_and_the_mentor_is_told_once(self, mia, sam):
        taught(ready(mia), sam, 3)
        payout, admin = request_payout(mentor=mia, currency="EUR", now=LATER), boss()
        for _ in range(2):
            done = mark_paid(payout_id=payout.pk, by=admin, reference="B-77", now=LATER + DAY)
            assert (done.status, done.reference, done.closed_by, done.closed_at) == ("PAID", "B-77", admin, LATER + DAY)
        assert money_of(mia) == (14700, 0, 0)
        assert accounts()["BANK"] == -4900
        told = Notification.objects.get(recipient=mia, kind="payout")
        assert told.title == "A payout of €49 is on its way to you"
        assert "The bank's reference is B-77." in told.text
        assert "MENTOR_PAYOUT" not in accounts()

    def test_what_is_paid_cannot_be_cancelled(self, mia, sam):
        taught(ready(mia), sam, 3)
        payout, admin = request_payout(mentor=mia, currency="EUR", now=LATER), boss()
        mark_paid(payout_id=payout.pk, by=admin, reference="x", now=LATER)
        assert code_of(partial(cancel_payout, payout_id=payout.pk, by=admin, reason="x", now=LATER)) == "wrong_state"

    def test_an_unknown_one_is_not_there(self, mia):
        with pytest.raises(NotFound):
            mark_paid(payout_id=0, by=mia, reference="x", now=LATER)

    def test_afterwards_the_next_one_can_be_requested(self, mia, sam):
        order = taught(ready(mia), sam, 3)
        mark_paid(
            payout_id=request_payout(mentor=mia, currency="EUR", now=LATER).pk, by=boss(), reference="", now=LATER
        )
        taught(mia, sam, 5, order=order)
        assert request_payout(mentor=mia, currency="EUR", now=LATER).amount_minor == 4900
        assert money_of(mia) == (9800, 0, 4900)


@pytest.mark.django_db
class TestCancelled:
    def test_the_sum_is_available_again_and_the_mentor_reads_why(self, mia, sam):
        taught(ready(mia), sam, 3)
        payout, admin = request_payout(mentor=mia, currency="EUR", now=LATER), boss()
        for _ in range(2):
            done = cancel_payout(payout_id=payout.pk, by=admin, reason="The bank knows no such account.", now=LATER)
        assert (done.status, done.reference) == ("CANCELLED", "The bank knows no such account.")
        assert money_of(mia) == (14700, 4900, 0)
        told = Notification.objects.get(recipient=mia, kind="payout_cancelled")
        assert "The bank knows no such account." in told.text
        assert code_of(partial(mark_paid, payout_id=payout.pk, by=admin, reference="x", now=LATER)) == "wrong_state"
        assert request_payout(mentor=mia, currency="EUR", now=LATER).pk != payout.pk


@pytest.mark.django_db
class TestNetting:
    """280 paid, 196 of them Mia's in four shares of 49. What goes back after a payout is filled by the next shares."""

    @pytest.fixture(autouse=True)
    def audited(self):
        yield
        assert audit.run(LATER).broken == []

    def test_a_refund_after_the_payout_is_netted_once(self, mia, sam, sue):
        order = taught(ready(mia), sam, 3, 4, 5, 6)
        mark_paid(
            payout_id=request_payout(mentor=mia, currency="EUR", now=LATER).pk, by=boss(), reference="", now=LATER
        )
        assert money_of(mia) == (0, 0, 0)
        gone_at_the_provider(order, 28000)
        assert money_of(mia) == (0, -19600, 0)
        assert code_of(partial(request_payout, mentor=mia, currency="EUR", now=LATER)) == "nothing_to_pay_out"
        gone_at_the_provider(order, 28000)
        assert money_of(mia) == (0, -19600, 0), "told twice, booked once"
        # Sue's pack of 560 has four shares of 98: two fill the hole, the third and fourth are Mia's again.
        second = pay(place(sue, offering(mia, price=56000)), now=NOW)
        taught(mia, sue, 7, 8, order=second)
        assert money_of(mia) == (19600, 0, 0)
        assert code_of(partial(request_payout, mentor=mia, currency="EUR", now=LATER)) == "nothing_to_pay_out"
        taught(mia, sue, 9, 10, order=second)
        assert request_payout(mentor=mia, currency="EUR", now=LATER).amount_minor == 19600
        assert accounts() == {
            "PROVIDER": 56000, "BANK": -19600, "MENTOR_PAYOUT": -19600, "PLATFORM_AVAILABLE": -16800,
        }  # fmt: skip

    def test_a_refund_while_the_payout_waits_stops_it(self, mia, sam):
        order = taught(ready(mia), sam, 3, 4, 5, 6)
        payout, admin = request_payout(mentor=mia, currency="EUR", now=LATER), boss()
        gone_at_the_provider(order, 7000)
        assert money_of(mia) == (0, -4900, 19600)
        assert code_of(partial(mark_paid, payout_id=payout.pk, by=admin, reference="x", now=LATER)) == "owes_money"
        assert money_of(mia) == (0, -4900, 19600)
        cancel_payout(payout_id=payout.pk, by=admin, reason="A refund came between.", now=LATER)
        assert money_of(mia) == (0, 14700, 0)
        assert request_payout(mentor=mia, currency="EUR", now=LATER).amount_minor == 14700

    def test_what_the_bank_has_sent_already_is_booked_all_the_same(self, mia, sam):
        order = taught(ready(mia), sam, 3, 4, 5, 6)
        payout = request_payout(mentor=mia, currency="EUR", now=LATER)
        gone_at_the_provider(order, 7000)
        mark_paid(payout_id=payout.pk, by=boss(), reference="x", now=LATER, already_sent=True)
        assert money_of(mia) == (0, -4900, 0)
        assert accounts()["BANK"] == -19600

    def test_another_currency_fills_no_hole(self, mia, sam, sue):
        order = taught(ready(mia), sam, 3, 4, 5, 6)
        mark_paid(
            payout_id=request_payout(mentor=mia, currency="EUR", now=LATER).pk, by=boss(), reference="", now=LATER
        )
        gone_at_the_provider(order, 28000)
        taught(mia, sue, 7, order=pay(place(sue, offering(mia, price=5000, currency="NGN"))))
        assert request_payout(mentor=mia, currency="NGN", now=LATER).amount_minor == 875
        assert money_of(mia) == (0, -19600, 0)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def race(self, monkeypatch):
        mia = ready(mentor("mia"))
        taught(mia, user("sam"), 3)
        meet(monkeypatch, 2, (payouts, "available_of"))
        return mia, together([partial(request_payout, mentor=mia, currency="EUR", now=LATER)] * 2)

    def test_are_one(self, monkeypatch):
        mia, results = self.race(monkeypatch)
        assert results[0] == results[1]
        assert money_of(mia) == (14700, 0, 4900)

    def test_control_without_lock_and_constraint_it_is_paid_twice(self, monkeypatch):
        with without(OPEN_ONCE):
            remove_locks(monkeypatch)
            mia, _ = self.race(monkeypatch)
            assert money_of(mia) == (14700, -4900, 9800)

    def test_paid_and_cancelled_at_once_is_one_of_them(self, monkeypatch):
        mia = ready(mentor("mia"))
        taught(mia, user("sam"), 3)
        payout, admin = request_payout(mentor=mia, currency="EUR", now=LATER), boss()
        meet(monkeypatch, 2, (payouts, "_must_wait"))
        results = together([
            partial(mark_paid, payout_id=payout.pk, by=admin, reference="x", now=LATER),
            partial(cancel_payout, payout_id=payout.pk, by=admin, reason="x", now=LATER),
        ])  # fmt: skip
        assert [r.code for r in results if isinstance(r, Exception)] == ["wrong_state"]
        assert money_of(mia) in {(14700, 0, 0), (14700, 4900, 0)}

    def test_control_without_lock_it_is_both(self, monkeypatch):
        remove_locks(monkeypatch)
        mia = ready(mentor("mia"))
        taught(mia, user("sam"), 3)
        payout, admin = request_payout(mentor=mia, currency="EUR", now=LATER), boss()
        meet(monkeypatch, 2, (payouts, "_must_wait"))
        together([
            partial(mark_paid, payout_id=payout.pk, by=admin, reference="x", now=LATER),
            partial(cancel_payout, payout_id=payout.pk, by=admin, reason="x", now=LATER),
        ])  # fmt: skip
        assert money_of(mia) == (14700, 4900, -4900), "paid, and available again"


@pytest.mark.django_db(transaction=True)
class TestPayoutAgainstRefund:
    """Everything available is asked for while all of it goes back at the provider."""

    def race(self, monkeypatch):
        mia = ready(mentor("mia"))
        order = taught(mia, user("sam"), 3, 4, 5, 6)
        read, refunded, original = Event(), Event(), payouts.available_of

        def available_of(*args):
            """Between the payout's check and its write there is time for the refund."""
            found = original(*args)
            read.set()
            refunded.wait(0.7)
            return found

        def refund():
            read.wait(5)
            gone_at_the_provider(order, 28000)
            refunded.set()

        monkeypatch.setattr(payouts, "available_of", available_of)
        results = together([partial(request_payout, mentor=mia, currency="EUR", now=LATER), refund])
        assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, Refusal)], results
        assert money_of(mia) == (0, -19600, 19600)
        return mia

    def available_when_requested(self, mia):
        """What was left available by the books as they were when the payout was written."""
        payout = LedgerTransaction.objects.get(cause__startswith="payout:")
        rows = LedgerEntry.objects.filter(mentor=mia, account="MENTOR_AVAILABLE", transaction__lte=payout.pk)
        return -sum(row.amount_minor for row in rows)

    def test_a_payout_never_pays_what_is_not_there(self, monkeypatch):
        assert self.available_when_requested(self.race(monkeypatch)) == 0

    def test_control_without_locks_it_does(self, monkeypatch):
        remove_locks(monkeypatch)
        assert self.available_when_requested(self.race(monkeypatch)) == -19600

    def test_in_any_order_they_never_deadlock(self):
        mia, sam = ready(mentor("mia")), user("sam")
        order = taught(mia, sam, 3, 4, 5, 6)
        calls = [partial(request_payout, mentor=mia, currency="EUR", now=LATER)] * 3
        calls += [partial(gone_at_the_provider, order, 7000, reference=f"re_{n}") for n in range(3)]
        calls += [partial(release_shares, LATER + DAY)]
        results = together(calls)
        assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, Refusal)], results
        pending, available, waiting = money_of(mia)
        assert pending == 0
        assert available + waiting == 4900


@pytest.mark.django_db
class TestTransfers:
    def test_books_and_bank_match(self, mia, sam):
        pay(place(sam, offering(mia)))
        record_transfer(provider="sandbox", reference="po_1", amount_minor=27000, fee_minor=25, currency="EUR",
                        note="May", now=NOW)  # fmt: skip
        found = accounts()
        assert (found["PROVIDER"], found["BANK"], found["FEES"]) == (975, 27000, 25)

    def test_money_that_went_the_other_way(self):
        record_transfer(provider="paypal", reference="top-up", amount_minor=-500, currency="EUR", note="", now=NOW)
        assert accounts() == {"PROVIDER": 500, "BANK": -500}
        assert {(r["account"], r["provider"]) for r in transfers.account_balances()} == {
            ("PROVIDER", "paypal"),
            ("BANK", ""),
        }

    def test_a_reference_counts_once_for_each_provider(self):
        one = partial(record_transfer, reference="po_1", amount_minor=100, currency="EUR", note="", now=NOW)
        one(provider="stripe")
        one(provider="paypal")
        assert code_of(partial(one, provider="stripe")) == "already_recorded"
        assert accounts() == {"PROVIDER": -200, "BANK": 200}

    def test_nothing_is_no_transfer(self):
        nothing = partial(record_transfer, provider="stripe", reference="x", currency="EUR", note="", now=NOW)
        assert code_of(partial(nothing, amount_minor=0)) == "nothing_moved"
        assert code_of(partial(nothing, amount_minor=5, fee_minor=-1)) == "nothing_moved"


@pytest.mark.parametrize("account", ["DE89370400440532013000", "GB82WEST12345698765432", "NO9386011117947",
                                     "MT84MALT011000012345MTLCAST001S"])  # fmt: skip
def test_an_iban_has_check_digits(account):
    assert is_iban(account)
    wrong = account[:-1] + ("1" if account[-1] != "1" else "2")
    assert not is_iban(wrong)


def test_details_never_print_themselves():
    details = Details("Mia Sato", "DE89370400440532013000", bank="B", note="secret words")
    for text in (repr(details), str(details), f"{details}"):
        assert "8937" not in text and "Sato" not in text and "secret" not in text
    assert details.masked == "•••• 3000"
    assert details.account_display == "DE89 3704 0044 0532 0130 00"


@pytest.mark.django_db
def test_in_the_database_there_is_no_account(mia):
    ready(mia)
    assert b"37040044" not in bytes(PayoutDetails.objects.get().secret)
