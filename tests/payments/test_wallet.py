"""The wallet: what is available, what becomes so when, why; asking for a payout; where it goes; the statement as a file."""

from __future__ import annotations

import csv
import io
import time
from datetime import timedelta

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client

from mentorship.kernel import csv_cells
from notifications.models import Notification
from payments import ledger
from payments.jobs import release_shares
from payments.models import Payout, PayoutDetails
from payments.payout_details import Details
from payments.services.payouts import cancel_payout, mark_paid, request_payout
from payments.services.shares import coming
from sessions_app.services import book, complete
from tests.cast import DAY, HOUR, NOW, at, mentor, offering
from tests.payments.scene import pay, place
from tests.payments.test_payouts import LATER, boss, gone_at_the_provider, ready, taught

pytestmark = pytest.mark.django_db
ENTERED = {
    "holder": "Mia Sato",
    "country": "DE",
    "account": "de89 3704-0044 0532 0130 00",
    "bank": "",
    "bic": "",
    "note": "",
}


@pytest.fixture(autouse=True)
def later(time_machine):
    time_machine.move_to(LATER, tick=False)


def browser(person, *, just_proved=False):
    """Signed in; `just_proved`: the password was entered again a moment ago."""
    client = Client()
    client.force_login(person)
    if just_proved:
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [
            {"method": "password", "at": time.time(), "reauthenticated": True}
        ]
        session.save()
    return client


def page(person, path="/tutor/wallet"):
    answer = browser(person).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


class TestComing:
    def test_shares_become_available_72_hours_after_each_session(self, mia, sam):
        pay(place(sam, offering(mia, price=10001)))
        for day in (3, 4):
            session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=at(day - 2))
            complete(session_id=session.pk, by=mia, now=at(day, 11))
        assert [(c.at, c.amount_minor, c.currency) for c in coming(mia.pk)] == [
            (at(6, 11), 1750, "EUR"),
            (at(7, 11), 1750, "EUR"),
        ]
        release_shares(at(6, 11))
        assert [(c.at, c.amount_minor) for c in coming(mia.pk)] == [(at(7, 11), 1750)]
        assert coming(sam.pk) == []

    def test_what_is_said_is_what_is_released(self, mia, sam):
        pay(place(sam, offering(mia, price=33333, sessions=7)))
        for day in (3, 4, 5):
            session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=at(day - 2))
            complete(session_id=session.pk, by=mia, now=at(day, 11))
        said = sum(c.amount_minor for c in coming(mia.pk))
        release_shares(LATER)
        assert request_payout(mentor=ready(mia), currency="EUR", now=LATER).amount_minor == said == 23333 * 3 // 7

    def test_the_page_says_on_which_day(self, mia, sam):
        pay(place(sam, offering(mia)))
        for day in (17, 18, 19):
            session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=at(day - 2))
            complete(session_id=session.pk, by=mia, now=at(day, 11))
        text = page(mia)
        assert "<strong>€49</strong> yours today" in text
        assert "<strong>€49</strong> yours tomorrow" in text
        assert "<strong>€49</strong> yours on Tuesday" in text

    def test_a_frozen_packs_share_is_not_announced(self, mia, sam):
        order = taught(mia, sam)
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(18), by=sam, now=at(16))
        complete(session_id=session.pk, by=mia, now=at(18, 11))
        assert len(coming(mia.pk)) == 1
        order.pack.frozen_at = LATER
        order.pack.save()
        assert coming(mia.pk) == []


class TestPage:
    def test_shows_the_three_sums_and_what_the_mentor_keeps(self, sam):
        mia = mentor("mia", commission_percent=20)
        taught(mia, sam, 3)
        text = page(mia)
        assert "You keep 80 % of each payment." in text
        assert '<p class="big">€56</p>' in text
        assert "<strong>€168</strong> pending" in text
        assert "Add your account to be paid" in text

    def test_every_line_says_what_it_was_and_leads_there(self, mia, sam):
        order = taught(ready(mia), sam, 3, 4)
        mark_paid(
            payout_id=request_payout(mentor=mia, currency="EUR", now=LATER).pk, by=boss(), reference="B1", now=LATER
        )
        gone_at_the_provider(order, 28000)
        text = page(mia)
        for said in (
            "Sam paid €280",
            "Session with Sam",
            "Payout requested",
            "Payout sent to your bank",
            "Refund to Sam",
        ):
            assert said in text
        assert f'href="/student/packs/{order.pack_id}"' in text
        assert 'href="/mentorship/session/' in text
        for there in (f"/student/packs/{order.pack_id}", f"/tutor/orders/{order.pk}/refund"):
            assert f'href="{there}"' in text
            assert browser(mia).get(there).status_code == 200, "the mentor may follow it"
        assert "€98 went back to a student after you had been paid." in text
        assert "Sent on" in text and "reference B1" in text
        assert "Request payout" not in text

    @pytest.mark.parametrize(("cause", "says"), [
        ("rest:{order}:3", "Nothing of Sam&#x27;s is left to be used"),
        ("dispute:1", "Dispute lost: Sam&#x27;s bank took the payment back"),
        ("lapse:1", "0 sessions of Sam expired unused"),
        ("session:{order}", "whatever stood in the books"),
    ])  # fmt: skip
    def test_every_cause_has_its_words(self, mia, sam, cause, says):
        order = taught(mia, sam)
        ledger.post(cause=cause.format(order=order.pk), memo="whatever stood in the books", order=order, mentor_id=mia.pk,
                    currency="EUR", postings=[("MENTOR_PENDING", 5), ("MENTOR_AVAILABLE", -5)], at=LATER)  # fmt: skip
        assert says in page(mia)

    def test_a_month_of_the_readers_own_calendar(self, sam):
        mia = mentor("mia", "Asia/Tokyo")
        pay(place(sam, offering(mia)), now=NOW.replace(day=30, hour=20))  # 1 July, 05:00 in Tokyo
        assert "Sam paid" in page(mia, "/tutor/wallet?month=2026-07")
        assert "Sam paid" not in page(mia, "/tutor/wallet?month=2026-06")

    @pytest.mark.parametrize("query", ["month=2026-13", "month=x", "month=0001-01", "month=9999-12", "month=2026-06&before=x",
                                       "before=-1", "before=99999999999999999999", "month=%00"])  # fmt: skip
    def test_odd_queries_are_no_mistakes_of_ours(self, mia, sam, query):
        taught(mia, sam, 3)
        page(mia, f"/tutor/wallet?{query}")
        assert browser(mia).get(f"/tutor/wallet/statement.csv?{query}").status_code == 200

    def test_older_entries_follow_by_key(self, mia, sam, monkeypatch):
        from payments.views import wallet

        monkeypatch.setattr(wallet, "PAGE", 2)
        taught(mia, sam, 3, 4, 5)
        first = browser(mia).get("/tutor/wallet")
        second = browser(mia).get(f"/tutor/wallet{first.context['older_url'].partition('#')[0]}")
        ids = [line.id for line in [*first.context["lines"], *second.context["lines"]]]
        assert len(ids) == 4 and ids == sorted(ids, reverse=True)
        assert second.context["older_url"] == ""

    def test_nobody_else_s_money(self, mia, max_, sam):
        taught(mia, sam, 3)
        assert "Nothing yet" in page(max_)
        assert browser(sam).get("/tutor/wallet").status_code == 404
        assert browser(sam).get("/tutor/wallet/statement.csv").status_code == 404


class TestAsking:
    def ask(self, person, **said):
        return browser(person).post("/tutor/wallet/payouts", {"currency": "EUR", "amount": "4900"} | said)

    def test_the_button_says_sum_and_account_before_the_press(self, mia, sam):
        taught(ready(mia), sam, 3)
        text = page(mia)
        assert "Request payout of €49" in text
        assert "€49 go to the account •••• 3000 of Mia Sato." in text
        assert "0532" not in text
        assert self.ask(mia).status_code == 302
        assert Payout.objects.get().amount_minor == 4900
        assert "€49 are on their way to you since" in page(mia)

    def test_pressed_twice_is_one(self, mia, sam):
        taught(ready(mia), sam, 3)
        assert [self.ask(mia).status_code for _ in range(2)] == [302, 302]
        assert Payout.objects.count() == 1

    def test_a_page_that_is_too_old_asks_for_what_is_gone(self, mia, sam):
        order = taught(ready(mia), sam, 3)
        gone_at_the_provider(order, 28000)
        answer = self.ask(mia)
        assert answer.status_code == 409
        assert "Nothing is available to be paid out." in answer.content.decode()
        assert not Payout.objects.exists()

    @pytest.mark.parametrize("said", [{"amount": "-1"}, {"amount": "1.5"}, {"amount": ""}, {"amount": "9" * 30},
                                      {"currency": "eur"}, {"currency": ""}, {"currency": "\x00\x00\x00"}])  # fmt: skip
    def test_nonsense_is_refused(self, mia, sam, said):
        taught(ready(mia), sam, 3)
        assert self.ask(mia, **said).status_code == 422
        assert not Payout.objects.exists()

    def test_only_for_mentors_and_by_post(self, mia, sam):
        assert self.ask(sam).status_code == 404
        assert browser(mia).get("/tutor/wallet/payouts").status_code == 405

    def test_a_payout_that_was_called_off_says_why(self, mia, sam):
        taught(ready(mia), sam, 3)
        payout = request_payout(mentor=mia, currency="EUR", now=LATER)
        cancel_payout(payout_id=payout.pk, by=boss(), reason="No such account.", now=LATER)
        text = page(mia)
        assert "Called off on" in text and "No such account." in text
        assert "Request payout of €49" in text


class TestDetails:
    def test_are_kept_encrypted_shown_masked_and_mailed_about(self, mia):
        client = browser(mia, just_proved=True)
        assert client.post("/tutor/wallet/details", ENTERED).status_code == 302
        kept = Details.opened(PayoutDetails.objects.get(mentor=mia).secret)
        assert (kept.holder, kept.account, kept.country) == ("Mia Sato", "DE89370400440532013000", "DE")
        text = client.get("/tutor/wallet/details").content.decode()
        assert "•••• 3000" in text and "Mia Sato" in text
        assert "8937" not in text and "0532" not in text
        told = Notification.objects.get(recipient=mia, kind="payout_details_changed")
        assert "•••• 3000" in told.text and "0532" not in told.text

    def test_an_empty_account_keeps_the_known_one(self, mia):
        ready(mia)
        answer = browser(mia, just_proved=True).post(
            "/tutor/wallet/details", ENTERED | {"account": "", "holder": "M. Sato"}
        )
        assert answer.status_code == 302
        kept = Details.opened(PayoutDetails.objects.get().secret)
        assert (kept.holder, kept.account) == ("M. Sato", "DE89370400440532013000")

    @pytest.mark.parametrize(("change", "says"), [
        ({"account": ""}, "This field is required."),
        ({"account": "DE88370400440532013000"}, "check digits"),
        ({"account": "12"}, "4 to 34"),
        ({"account": "12345\x00678"}, ""),
        ({"account": "0123456789", "country": "NG"}, "bank’s name or its code"),
        ({"country": "XX"}, "Select a valid choice"),
        ({"holder": ""}, "This field is required."),
        ({"bic": "!!"}, "letters and digits"),
        ({"holder": "x" * 121}, "at most 120"),
    ])  # fmt: skip
    def test_a_slip_is_said_where_it_is_and_nothing_is_kept(self, mia, change, says):
        answer = browser(mia, just_proved=True).post("/tutor/wallet/details", ENTERED | change)
        assert answer.status_code == 422
        assert says in answer.content.decode()
        assert not PayoutDetails.objects.exists()

    def test_an_account_without_iban(self, mia):
        naira = ENTERED | {"account": "0123456789", "country": "NG", "bank": "GTBank"}
        assert browser(mia, just_proved=True).post("/tutor/wallet/details", naira).status_code == 302

    def test_whoever_only_found_the_session_open_has_to_show_who_they_are(self, mia):
        mia.set_password("demo-password-1")
        mia.save()
        client = browser(mia)
        for answer in (client.get("/tutor/wallet/details"), client.post("/tutor/wallet/details", ENTERED)):
            assert answer.status_code == 302 and "reauthenticate" in answer.url
        assert not PayoutDetails.objects.exists()
        assert browser(mia).get("/tutor/wallet").status_code == 200

    def test_are_for_mentors(self, sam):
        assert browser(sam).get("/tutor/wallet/details").status_code == 404

    def test_when_no_key_reads_them_the_mentor_enters_them_again(self, mia, sam, settings):
        taught(ready(mia), sam, 3)
        settings.ENCRYPTION_KEYS = ["another" * 6]
        assert "Add your account to be paid" in page(mia)
        assert browser(mia, just_proved=True).post("/tutor/wallet/details", ENTERED).status_code == 302
        assert "Request payout of €49" in page(mia)


class TestFile:
    def rows(self, person, query=""):
        answer = browser(person).get(f"/tutor/wallet/statement.csv{query}")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["Content-Disposition"]
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def test_has_every_line_oldest_first_with_exact_sums(self, mia, sam):
        order = taught(ready(mia), sam, 3, 4)
        request_payout(mentor=mia, currency="EUR", now=LATER)
        rows = self.rows(mia)
        assert [r["what"] for r in rows] == [
            "Sam paid €280",
            "Session with Sam",
            "Session with Sam",
            "Payout requested",
        ]
        assert [(r["pending"], r["available"], r["in payout"]) for r in rows] == [
            ("196.00", "0.00", "0.00"),
            ("-49.00", "49.00", "0.00"),
            ("-49.00", "49.00", "0.00"),
            ("0.00", "-98.00", "98.00"),
        ]
        assert {r["order"] for r in rows} == {order.number, ""}
        assert self.rows(mia, "?month=2026-06") == rows
        assert self.rows(mia, "?month=2026-07") == []

    def test_a_name_is_no_formula(self, mia, sam):
        sam.name = '=HYPERLINK("http://evil.example","x")'
        sam.save()
        taught(mia, sam)
        assert not self.rows(mia)[0]["what"].startswith("=")
        assert csv_cells.cell(sam.name) == f"'{sam.name}"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "|cmd", "%0A"])
def test_what_begins_like_a_formula_is_text(text):
    assert csv_cells.cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-49.00", "12", "-1", "Mia", "", "a=b", "2026-06-01T12:00:00Z"])
def test_all_else_stays_as_it_is(text):
    assert csv_cells.cell(text) == text


def test_statements_do_not_grow_with_what_there_is(mia, sam, django_assert_num_queries):
    taught(mia, sam, 3)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = browser(mia)
    client.get("/tutor/wallet")
    with CaptureQueriesContext(connection) as one:
        client.get("/tutor/wallet")
    order = pay(place(sam, offering(mia)))
    taught(mia, sam, 4, 5, 6, 7, 8, order=order)
    for day in (18, 19):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=at(day) - 2 * DAY)
        complete(session_id=session.pk, by=mia, now=session.starts_at + HOUR + timedelta(minutes=1))
    with CaptureQueriesContext(connection) as many:
        client.get("/tutor/wallet")
    assert len(many) <= len(one) + 3, "shares that are coming cost three statements, however many"
    with django_assert_num_queries(len(many)):
        client.get("/tutor/wallet")
