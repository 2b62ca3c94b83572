"""A mentor brings students of their own, who pay them directly."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from mentorship.kernel.refusals import Malformed, Refusal
from mentorship.people.models import User
from notifications.models import Delivery, Notification
from packs.models import CreditEntry, SessionPack
from payments.models import LedgerEntry, Order, Payment
from payments.services import invite_student
from payments.services.invite import TooManyInvitations
from seats.models import Seat
from tests.cast import DAY, HOUR, NOW, counters, mentor, offering, user
from tests.payments.scene import SITE, pay, place

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audited")]

PIA = {"name": "Pia Lund", "email": "pia@example.test", "sessions": 4, "minutes": 60, "validity_days": 90}


def invite(by: User, *, now=NOW, key=None, **how) -> Order:
    return invite_student(mentor=by, site_url=SITE, now=now, idempotency_key=key, **(PIA | how))


class TestWhatIsGiven:
    def test_somebody_new_gets_an_account_a_seat_and_sessions(self, mia):
        order = invite(mia)
        pia = User.objects.get(email="pia@example.test")
        assert (pia.name, pia.has_usable_password(), order.student) == ("Pia Lund", False, pia)
        assert (order.status, order.provider, order.amount_minor) == ("FULFILLED", "direct", 0)
        assert counters(order.pack) == (4, 0, 0)
        assert order.pack.expires_at == NOW + 90 * DAY
        assert Seat.objects.get().status == "ACTIVE"
        assert CreditEntry.objects.get().by == mia
        assert Payment.objects.get().by == mia

    def test_no_share_is_owed(self, mia):
        invite(mia)
        assert not LedgerEntry.objects.exists()

    def test_both_are_told_once(self, mia):
        invite(mia)
        told = {n.recipient.first_name: n for n in Notification.objects.select_related("recipient")}
        assert set(told) == {"Pia", "Mia"}
        assert Notification.objects.count() == 2
        assert told["Pia"].title == "Mia has given you 4 sessions"
        assert "You pay Mia directly" in told["Pia"].text
        assert "enter pia@example.test: we mail you a code" in told["Pia"].text
        assert told["Mia"].title == "Pia Lund has 4 sessions with you"

    def test_a_student_already_there_is_extended(self, mia, sam):
        pack = pay(place(sam, offering(mia))).pack
        order = invite(mia, email="SAM@example.test")
        assert order.student == sam
        assert order.pack == pack
        assert counters(pack) == (8, 0, 0)
        assert Seat.objects.count() == 1
        sam.refresh_from_db()
        assert sam.name == "Sam"

    def test_the_same_form_twice_is_one_invitation(self, mia):
        assert invite(mia, key="k") == invite(mia, key="k")
        assert Order.objects.count() == 1
        with pytest.raises(Malformed) as reused:
            invite(mia, key="k", sessions=9)
        assert reused.value.code == "key_reused"

    def test_one_session_takes_a_seat_too(self, mia):
        assert invite(mia, sessions=1).pack.takes_seat


class TestWhatIsRefused:
    def test_a_full_mentor(self, sue):
        full = mentor("fay", seats=1)
        pay(place(sue, offering(full)))
        with pytest.raises(Refusal) as refused:
            invite(full)
        assert refused.value.code == "mentor_full"
        assert not User.objects.filter(email="pia@example.test").exists()
        assert not Order.objects.filter(provider="direct").exists()
        assert not Delivery.objects.filter(to="pia@example.test").exists()

    def test_more_than_so_many_a_day(self, mia, settings):
        settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"invitations_per_day": 2})
        invite(mia, email="a@example.test")
        invite(mia, email="b@example.test", now=NOW + HOUR)
        with pytest.raises(TooManyInvitations) as refused:
            invite(mia, email="c@example.test", now=NOW + 2 * HOUR)
        assert (refused.value.status, refused.value.retry_after) == (429, 22 * 3600)
        assert "2 students a day" in refused.value.message
        assert not User.objects.filter(email="c@example.test").exists()
        assert invite(mia, email="c@example.test", now=NOW + DAY + timedelta(seconds=1)).status == "FULFILLED"

    def test_oneself(self, mia):
        with pytest.raises(Refusal) as refused:
            invite(mia, email="Mia@Example.test")
        assert refused.value.code == "own_offering"

    def test_by_a_mentor_who_is_not_verified(self, db):
        with pytest.raises(Refusal):
            invite(mentor("neo", verified=False))
        assert not User.objects.filter(email="pia@example.test").exists()

    @pytest.mark.parametrize(
        "how",
        [
            {"email": "nonsense"},
            {"email": ""},
            {"email": "a@b\r\nBcc: x@example.test"},
            {"email": f"{'a' * 260}@example.test"},
            {"name": ""},
            {"name": "\0 "},
            {"sessions": 0},
            {"sessions": 101},
            {"minutes": 14},
            {"minutes": 481},
            {"validity_days": 29},
            {"validity_days": 366},
        ],
    )
    def test_nonsense(self, mia, how):
        with pytest.raises(Malformed):
            invite(mia, **how)
        assert User.objects.count() == 1
        assert not Order.objects.exists()


def test_the_mailed_code_opens_the_account(mia, client):
    """From the mail's link to the room, as somebody who has never been here."""
    invite(mia)
    assert Delivery.objects.filter(to="pia@example.test", kind="student_invited").exists()
    path = Notification.objects.get(recipient__email="pia@example.test").url
    assert client.get(path).status_code == 200
    client.post(path, {"email": "pia@example.test", "next": "/student/mentorship"})
    code = re.search(r"\b\d{6}\b", Delivery.objects.get(to="pia@example.test", kind="login_code").text)[0]
    done = client.post("/accounts/login/code/confirm/?next=/student/mentorship", {"code": code})
    assert (done.status_code, done.url) == (302, "/student/mentorship")
    assert "Mia" in client.get("/student/mentorship").content.decode()


@pytest.mark.parametrize("proven", [True, False])
def test_a_password_set_before_the_address_was_proven_does_not_open_it(mia, proven):
    eve = user("eve", email="pia@example.test", password="a-password-of-eve")
    EmailAddress.objects.create(user=eve, email=eve.email, verified=proven, primary=True)
    assert invite(mia).student == eve
    eve.refresh_from_db()
    assert eve.has_usable_password() is proven


class TestThePage:
    @pytest.fixture(autouse=True)
    def noon(self, time_machine):
        time_machine.move_to(NOW, tick=False)

    @pytest.fixture
    def as_mia(self, client, mia):
        client.force_login(mia)
        return client

    def form(self, **more):
        return {k: str(v) for k, v in PIA.items()} | {"idempotency_key": "page-1"} | more

    def test_invites_and_says_so(self, as_mia):
        assert "free seat" in as_mia.get("/tutor/invite").content.decode()
        done = as_mia.post("/tutor/invite", self.form(), follow=True)
        assert done.redirect_chain == [("/tutor/seats", 302)]
        assert "Pia Lund has 4 sessions with you" in done.content.decode()
        as_mia.post("/tutor/invite", self.form())
        assert Order.objects.count() == 1

    def test_answers_alike_for_a_known_and_an_unknown_address(self, as_mia, otto):
        def answer(email, key):
            sent = as_mia.post("/tutor/invite", self.form(email=email, idempotency_key=key))
            said = [str(m) for m in sent.wsgi_request._messages]
            return sent.status_code, sent.url, said[-1].replace(email, "")

        assert answer("otto@example.test", "a") == answer("new@example.test", "b")

    @pytest.mark.parametrize(
        "more",
        [{"email": "nonsense"}, {"sessions": "many"}, {"minutes": "9" * 30}, {"name": ""}, {"validity_days": ""},
         {"name": "a\0b"}, {"idempotency_key": "k" * 300}],
    )  # fmt: skip
    def test_bad_input_is_told_in_the_form(self, as_mia, more):
        answer = as_mia.post("/tutor/invite", self.form(**more))
        assert answer.status_code == 422
        assert not Order.objects.exists()

    def test_a_full_mentor_is_told_before_and_after(self, client, sue):
        full = mentor("fay", seats=1)
        pay(place(sue, offering(full)))
        client.force_login(full)
        assert "All your seats are taken" in client.get("/tutor/invite").content.decode()
        answer = client.post("/tutor/invite", self.form())
        assert answer.status_code == 409
        assert "Pia Lund" in answer.content.decode()  # what was typed is kept
        assert not SessionPack.objects.exclude(student=sue).exists()

    def test_is_a_mentors(self, client, sam):
        assert client.get("/tutor/invite").url.startswith("/accounts/login/")
        client.force_login(sam)
        assert client.get("/tutor/invite").status_code == 404
        assert client.post("/tutor/invite", self.form()).status_code == 404

    def test_asks_for_the_token(self, mia):
        client = Client(enforce_csrf_checks=True)
        client.force_login(mia)
        assert client.post("/tutor/invite", self.form()).status_code == 403
        assert not Order.objects.exists()

    def test_the_seats_page_leads_there(self, as_mia):
        assert 'href="/tutor/invite"' in as_mia.get("/tutor/seats").content.decode()
