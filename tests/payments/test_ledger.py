"""Where the money is: split, released share by share, reversed; and always balanced."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given, strategies as st

from mentorship.kernel import money
from packs.models import SessionPack
from payments import ledger
from payments.jobs import release_shares
from payments.models import LedgerEntry, LedgerTransaction, Order
from sessions_app.services import book, complete
from tests.cast import DAY, HOUR, NOW, at, mentor, offering
from tests.payments.scene import accounts, pay, place

Account = LedgerEntry.Account


@pytest.mark.django_db
class TestSplit:
    def test_5000_naira(self, mia, sam):
        pay(place(sam, offering(mia, price=5000, currency="NGN")))
        assert accounts("NGN") == {"PROVIDER": 5000, "MENTOR_PENDING": -3500, "PLATFORM_PENDING": -1500}

    def test_101_yen_gives_the_platform_the_rest(self, mia, sam):
        pay(place(sam, offering(mia, price=101, currency="JPY")))
        assert accounts("JPY") == {"PROVIDER": 101, "MENTOR_PENDING": -70, "PLATFORM_PENDING": -31}

    def test_the_mentors_own_commission(self, sam):
        pay(place(sam, offering(mentor("mia", commission_percent=10), price=1000)))
        assert accounts() == {"PROVIDER": 1000, "MENTOR_PENDING": -900, "PLATFORM_PENDING": -100}

    def test_balances_of_each_currency(self, mia, sam, sue):
        pay(place(sam, offering(mia, price=5000, currency="NGN")))
        pay(place(sue, offering(mia, price=28000)))
        found = [(b.currency, b.pending, b.available) for b in ledger.balances(mia.pk)]
        assert found == [("EUR", 19600, 0), ("NGN", 3500, 0)]


@pytest.mark.django_db(transaction=True)
class TestGuards:
    def test_unbalanced_is_refused_by_the_database(self, mia):
        with pytest.raises(DatabaseError, match="not balanced"):
            ledger.post(
                cause="x", memo="", order=None, mentor_id=mia.pk, currency="EUR",
                postings=[(Account.BANK, 100), (Account.MENTOR_PENDING, -99)], at=NOW,
            )  # fmt: skip
        assert not LedgerEntry.objects.exists()

    def test_currencies_do_not_balance_each_other(self, mia):
        with pytest.raises(DatabaseError, match="not balanced"), transaction.atomic():
            booked = LedgerTransaction.objects.create(cause="x", memo="", at=NOW)
            for account, amount, currency in (("BANK", 100, "EUR"), ("UNCLAIMED", -100, "USD")):
                LedgerEntry.objects.create(transaction=booked, account=account, amount_minor=amount, currency=currency)

    def test_one_transaction_for_each_cause(self, mia):
        def post():
            ledger.post(
                cause="x", memo="", order=None, mentor_id=None, currency="EUR",
                postings=[(Account.BANK, 1), (Account.UNCLAIMED, -1)], at=NOW,
            )  # fmt: skip

        post()
        with pytest.raises(IntegrityError):
            post()

    @pytest.mark.parametrize(
        "verb", ["UPDATE payments_ledgerentry SET amount_minor = 0", "DELETE FROM payments_ledgerentry"]
    )
    def test_history_is_never_changed(self, mia, sam, verb):
        pay(place(sam, offering(mia)))
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(verb)


@pytest.mark.django_db
class TestShares:
    def lesson(self, mia, sam, day):
        """A session held and marked, so that its credit is used."""
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=at(day - 2))
        return complete(session_id=session.pk, by=mia, now=at(day, 11))

    def test_one_by_one_72_hours_after_each(self, mia, sam):
        pay(place(sam, offering(mia, price=10001)))
        session = self.lesson(mia, sam, 3)
        due = session.settled_at + 72 * HOUR
        assert release_shares(due - DAY / 86400) == 0
        assert release_shares(due) == 1
        assert accounts() == {
            "PROVIDER": 10001,
            "MENTOR_PENDING": -5250,
            "MENTOR_AVAILABLE": -1750,
            "PLATFORM_PENDING": -2251,
            "PLATFORM_AVAILABLE": -750,
        }
        assert release_shares(due + DAY) == 0
        for day in (4, 5, 6):
            self.lesson(mia, sam, day)
        assert release_shares(at(20)) == 3
        assert accounts() == {"PROVIDER": 10001, "MENTOR_AVAILABLE": -7000, "PLATFORM_AVAILABLE": -3001}

    def test_renewed_packs_release_from_the_payment_that_was_used(self, mia, sam):
        first = pay(place(sam, offering(mia, price=4000)))
        second = pay(place(sam, offering(mia, price=8000)))
        self.lesson(mia, sam, 3)
        release_shares(at(20))
        assert LedgerTransaction.objects.get(cause__startswith="session:").order == first
        assert second.pack == first.pack

    def test_lapsed_credits_become_available_72_hours_after_expiry(self, mia, sam):
        order = pay(place(sam, offering(mia)))
        self.lesson(mia, sam, 3)
        expires_at = order.pack.expires_at
        from packs.services import expire_lapsed

        expire_lapsed(SessionPack.objects.all(), now=expires_at)
        assert release_shares(expires_at + 71 * HOUR) == 1, "only the session that was held"
        assert release_shares(expires_at + 72 * HOUR) == 1
        assert accounts() == {"PROVIDER": 28000, "MENTOR_AVAILABLE": -19600, "PLATFORM_AVAILABLE": -8400}
        assert LedgerTransaction.objects.get(cause__startswith="lapse:").shares == 3

    def test_what_was_free_posts_nothing(self, mia, sam):
        place(sam, offering(mia, price=0))
        self.lesson(mia, sam, 3)
        assert release_shares(at(20)) == 0
        assert not LedgerTransaction.objects.exists()

    def test_a_frozen_packs_share_waits(self, mia, sam):
        pay(place(sam, offering(mia)))
        self.lesson(mia, sam, 3)
        SessionPack.objects.update(frozen_at=at(4))
        assert release_shares(at(20)) == 0
        SessionPack.objects.update(frozen_at=None)
        assert release_shares(at(20)) == 1

    def test_the_number_of_statements_does_not_grow(self, mia, sam, django_assert_max_num_queries):
        pay(place(sam, offering(mia)))
        for day in (3, 4, 5, 6):
            self.lesson(mia, sam, day)
        with django_assert_max_num_queries(12):  # one of them looks for shares to take back
            assert release_shares(at(20)) == 4


@given(amount=st.integers(0, 10**9), percent=st.integers(0, 100), sessions=st.integers(1, 40))
def test_shares_always_sum_to_the_whole(amount, percent, sessions):
    order = Order(amount_minor=amount, mentor_share_percent=percent, session_count=sessions)
    mentors = [money.share(order.mentor_part, sessions, k) for k in range(1, sessions + 1)]
    platforms = [money.share(amount - order.mentor_part, sessions, k) for k in range(1, sessions + 1)]
    assert sum(mentors) + sum(platforms) == amount
    assert min(mentors + platforms) >= 0
