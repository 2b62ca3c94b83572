"""Payouts in the admin: verbs that ask first, accounts only for who asks and may, a file that is safe to open, balances."""

from __future__ import annotations

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.urls import reverse

from mentorship.people.models import User
from payments.models import LedgerTransaction, Payout
from payments.payout_details import Details
from payments.services.payouts import request_payout, save_details
from tests.cast import NOW, mentor, offering, user
from tests.payments.scene import accounts, pay, place, press
from tests.payments.test_payouts import LATER, gone_at_the_provider, money_of, ready, taught

pytestmark = pytest.mark.django_db
LIST = "/admin/payments/payout/"


@pytest.fixture(autouse=True)
def later(time_machine):
    time_machine.move_to(LATER, tick=False)


def clerk(client, *rights):
    person = User.objects.create_user("clerk@example.test", "demo-password-1", is_staff=True)
    person.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    client.force_login(person)
    return person


def asked_for(mia, sam, *days):
    order = taught(ready(mia), sam, *(days or (3,)))
    return order, request_payout(mentor=mia, currency="EUR", now=LATER)


class TestVerbs:
    def test_mark_as_paid(self, boss, client, mia, sam):
        _, payout = asked_for(mia, sam)
        assert press(client, payout, "paid", reference="B-1") == ["€49 to Mia is paid."]
        payout.refresh_from_db()
        assert (payout.status, payout.closed_by, payout.reference) == ("PAID", boss, "B-1")
        assert "B-1" in LogEntry.objects.get().get_change_message()

    def test_cancel_needs_a_reason(self, boss, client, mia, sam):
        _, payout = asked_for(mia, sam)
        url = reverse("admin:payments_payout_cancel", args=[payout.pk])
        assert client.post(url, {"_form_submitted": "on", "reason": ""}).status_code == 200, "the dialog asks again"
        press(client, payout, "cancel", reason="No such account")
        assert money_of(mia) == (14700, 4900, 0)

    def test_who_owes_money_is_named_and_not_paid(self, boss, client, mia, sam):
        order, payout = asked_for(mia, sam)
        gone_at_the_provider(order, 28000)
        assert "€49 went back to students: cancel it" in client.get(LIST).content.decode()
        assert "Money went back since" in press(client, payout, "paid", reference="x")[0]
        press(client, payout, "paid", reference="x", already_sent="on")
        payout.refresh_from_db()
        assert payout.status == "PAID"

    def test_many_at_once_ask_first_and_one_refused_stops_no_other(self, boss, client, mia, sam):
        order, bad = asked_for(mia, sam)
        max_ = mentor("max")
        _, good = asked_for(max_, user("sue"), 5)
        gone_at_the_provider(order, 28000)
        chosen = {"action": "pay_selected", "_selected_action": [bad.pk, good.pk]}
        page = client.post(LIST, chosen)
        assert "Mark 2 as paid" in page.content.decode()
        assert Payout.objects.filter(status="REQUESTED").count() == 2
        done = client.post(LIST, chosen | {"confirmed": "yes", "reference": "batch 7"})
        assert done.status_code == 302
        assert {p.mentor.name: (p.status, p.reference) for p in Payout.objects.all()} == {
            "Mia": ("REQUESTED", ""),
            "Max": ("PAID", "batch 7"),
        }
        client.post(LIST, chosen | {"confirmed": "yes", "reference": "batch 8"})
        assert LedgerTransaction.objects.filter(cause__startswith="payout-paid:").count() == 1

    def test_without_a_reference_it_asks_again(self, boss, client, mia, sam):
        _, payout = asked_for(mia, sam)
        chosen = {"action": "pay_selected", "_selected_action": [payout.pk], "confirmed": "yes", "reference": ""}
        assert "This field is required" in client.post(LIST, chosen).content.decode()
        assert Payout.objects.get().status == "REQUESTED"

    def test_an_odd_id_is_not_there(self, boss, client):
        for name in ("paid", "cancel", "account"):
            url = reverse(f"admin:payments_payout_{name}", args=["x1"])
            assert client.post(url, {"_form_submitted": "on", "reference": "x", "reason": "x"}).status_code in (
                302,
                404,
            )


class TestAccounts:
    def test_are_in_no_list_and_on_no_page(self, boss, client, mia, sam):
        _, payout = asked_for(mia, sam)
        pages = [LIST, f"{LIST}{payout.pk}/change/", "/admin/payments/payoutdetails/",
                 f"/admin/payments/payoutdetails/{mia.payout_details.pk}/change/"]  # fmt: skip
        for page in pages:
            text = client.get(page).content.decode()
            assert "3000" not in text and "gAAAA" not in text, page

    def test_are_shown_on_a_press_that_is_remembered(self, boss, client, mia, sam):
        _, payout = asked_for(mia, sam)
        url = reverse("admin:payments_payout_account", args=[payout.pk])
        assert "0532" not in client.get(url).content.decode()
        shown = client.post(url)
        assert "DE89 3704 0044 0532 0130 00" in shown.content.decode()
        assert "no-store" in shown.headers["Cache-Control"]
        assert [e.get_change_message() for e in LogEntry.objects.all()] == ["Looked at the account"]

    def test_not_for_staff_without_the_right(self, client, mia, sam):
        _, payout = asked_for(mia, sam)
        clerk(client, "view_payout", "change_payout")
        assert client.get(LIST).status_code == 200
        for url in (reverse("admin:payments_payout_account", args=[payout.pk]), f"{LIST}requested/"):
            assert client.get(url).status_code == client.post(url).status_code == 403

    def test_for_staff_with_the_right(self, client, mia, sam):
        _, payout = asked_for(mia, sam)
        clerk(client, "view_payout", "see_payout_details")
        assert "0532" in client.post(reverse("admin:payments_payout_account", args=[payout.pk])).content.decode()
        paid = reverse("admin:payments_payout_paid", args=[payout.pk])
        assert client.post(paid, {"_form_submitted": "on", "reference": "x"}).status_code == 403

    def test_what_no_key_reads_is_said(self, boss, client, mia, sam, settings):
        _, payout = asked_for(mia, sam)
        settings.ENCRYPTION_KEYS = ["another" * 6]
        url = reverse("admin:payments_payout_account", args=[payout.pk])
        assert "No key of ENCRYPTION_KEYS can read it" in client.post(url).content.decode()
        assert "no key can read it" in b"".join(client.post(f"{LIST}requested/").streaming_content).decode()


class TestFile:
    def rows(self, client):
        answer = client.post(f"{LIST}requested/")
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text)))[1:]

    def test_has_each_account_and_the_sum_of_each_currency(self, boss, client, mia, sam):
        asked_for(mia, sam)
        max_ = mentor("max")
        save_details(mentor=max_, details=Details("=cmd|' /C calc'!A0", "0123456789", "GTBank", country="NG"), now=NOW)
        order = pay(place(user("sue"), offering(max_, price=5000, currency="NGN")))
        taught(max_, order.student, 5, order=order)
        request_payout(mentor=max_, currency="NGN", now=LATER)
        other = mentor("zoe")
        asked_for(other, user("pia"), 7, 8)
        rows = self.rows(client)
        assert [(r[2], r[4], r[5]) for r in rows if r[0] != "sum"] == [
            ("Mia", "49.00", "EUR"), ("Zoe", "98.00", "EUR"), ("Max", "8.75", "NGN"),
        ]  # fmt: skip
        assert [(r[4], r[5]) for r in rows if r[0] == "sum"] == [("147.00", "EUR"), ("8.75", "NGN")]
        assert rows[0][6:11] == ["Mia Sato", "DE89370400440532013000", "", "", "DE"]
        assert rows[2][6] == "'=cmd|' /C calc'!A0"
        assert LogEntry.objects.count() == 3

    def test_leaves_out_who_owes_money(self, boss, client, mia, sam):
        order, _ = asked_for(mia, sam)
        gone_at_the_provider(order, 28000)
        assert "Left out" in client.get(f"{LIST}requested/").content.decode()
        assert self.rows(client) == []


class TestBooks:
    URL = "/admin/payments/ledgertransaction/transfer/"
    SAID = {"_form_submitted": "on", "provider": "sandbox", "direction": "in", "amount": "270.00", "fee": "0.25",
            "currency": "eur", "reference": "po_1", "note": "May"}  # fmt: skip

    def test_a_transfer_is_recorded_once(self, boss, client, mia, sam):
        pay(place(sam, offering(mia)))
        assert client.get(self.URL).status_code == 200
        assert client.post(self.URL, self.SAID).status_code == 302
        again = client.post(self.URL, self.SAID)
        assert "recorded already" in str(list(get_messages(again.wsgi_request))[-1])
        found = accounts()
        assert (found["BANK"], found["FEES"], found["PROVIDER"]) == (27000, 25, 975)

    @pytest.mark.parametrize("wrong", [{"amount": "1.005"}, {"amount": "x"}, {"amount": "-1"}, {"currency": "QQQ"},
                                       {"reference": ""}, {"provider": "bank"}, {"amount": "NaN"}])  # fmt: skip
    def test_a_slip_asks_again(self, boss, client, wrong):
        assert client.post(self.URL, self.SAID | wrong).status_code == 200
        assert not LedgerTransaction.objects.exists()

    def test_yen_have_no_decimals(self, boss, client):
        client.post(self.URL, self.SAID | {"currency": "JPY", "amount": "1500", "fee": "", "direction": "out"})
        assert accounts("JPY") == {"BANK": -1500, "PROVIDER": 1500}

    def test_balances_of_each_account_provider_and_currency(self, boss, client, mia, sam):
        pay(place(sam, offering(mia)))
        client.post(self.URL, self.SAID)
        text = client.get("/admin/payments/ledgertransaction/balances/").content.decode()
        for said in ("money at our bank", "€270", "sandbox", "€9.75", "-€196", "€0.25", "All together"):
            assert said in text

    def test_not_for_staff_without_the_right(self, client):
        clerk(client, "view_payout")
        assert client.get("/admin/payments/ledgertransaction/balances/").status_code == 403
        assert client.post(self.URL, self.SAID).status_code == 403


def test_a_commission_is_set_with_a_reason_and_a_history(boss, client, mia, sam):
    profile = mia.mentor_profile
    before = pay(place(sam, offering(mia)))
    url = reverse("admin:people_mentorprofile_commission", args=[profile.pk])
    assert client.get(url).status_code == 200
    done = client.post(url, {"_form_submitted": "on", "percent": "20", "reason": "first year"})
    assert "keeps 80 %" in str(next(iter(get_messages(done.wsgi_request))))
    assert LogEntry.objects.get().get_change_message() == "Commission usual -> 20 %: first year"
    mia.refresh_from_db()
    after = pay(place(sam, offering(User.objects.get(pk=mia.pk), title="New")))
    assert (before.mentor_share_percent, after.mentor_share_percent) == (70, 80)
    client.post(url, {"_form_submitted": "on", "percent": "", "reason": "over"})
    profile.refresh_from_db()
    assert profile.commission_percent is None
    assert client.post(url, {"_form_submitted": "on", "percent": "101", "reason": "x"}).status_code == 200
    page = client.get(reverse("admin:people_mentorprofile_change", args=[profile.pk])).content.decode()
    assert 'name="commission_percent"' not in page, "only the verb changes it, so that there is always a reason"
