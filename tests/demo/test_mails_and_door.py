"""Reading the mails the demo has sent, and becoming somebody."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from mentorship.people.models import User
from sessions_app import services
from tests.api.client import Caller, refused
from tests.cast import NOW, at

pytestmark = pytest.mark.django_db


def test_a_mail_can_be_read_right_after_its_cause(demo, sam, mia, pack):
    services.book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    mails = demo.get("demo/mails", to=sam.email).json()["items"]
    assert [(m["to"], m["kind"], m["sentAt"]) for m in mails] == [
        (sam.email, "session_scheduled", "2026-06-01T12:00:00Z")
    ]
    assert "Mia" in mails[0]["text"]
    assert set(mails[0]) == {"to", "subject", "text", "html", "kind", "sentAt"}


def test_the_newest_mail_comes_first_and_the_address_s_case_does_not_matter(demo, sam, mia, pack):
    session = services.book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    demo.get("demo/mails")
    services.cancel(session_id=session.pk, by=sam, now=NOW)
    kinds = [m["kind"] for m in demo.get("demo/mails", to=sam.email.upper()).json()["items"]]
    assert kinds == ["session_cancelled", "session_scheduled"]
    assert len(demo.get("demo/mails").json()["items"]) == 4
    assert demo.get("demo/mails", to="nobody@example.test").json() == {"items": []}


def login(email: object) -> tuple[Caller, object]:
    caller = Caller()
    return caller, caller.client.post("/api/demo/login", {"email": email}, content_type="application/json")


def test_a_login_gives_both_cookies_and_the_token_works(sam, mia, pack):
    caller, answer = login("SAM@example.test ")
    assert answer.json() == {"id": sam.pk, "name": "Sam", "email": "sam@example.test", "zone": "UTC", "isMentor": False}
    assert answer.cookies["sessionid"].value
    caller.token = answer.cookies["csrftoken"].value
    assert caller.post("sessions/book", mentorId=mia.pk, scheduledAt=at(2)).status_code == 201


def test_an_unknown_address_becomes_a_verified_student(db):
    _, answer = login("zoe.new@example.test")
    user = User.objects.get(email="zoe.new@example.test")
    assert (answer.json()["id"], answer.json()["name"], answer.json()["isMentor"]) == (user.pk, "Zoe New", False)
    assert EmailAddress.objects.get(user=user).verified
    assert login("zoe.new@example.test")[1].json()["id"] == user.pk


NO_ADDRESS = [
    "",
    "zoe",
    "zoe@",
    "@example.test",
    "a b@example.test",
    None,
    5,
    "x" * 250 + "@example.test",
    "a\x00@b.test",
]


@pytest.mark.parametrize("email", NO_ADDRESS)
def test_what_is_no_address_is_malformed(db, email):
    refused(login(email)[1], 422, "malformed")
    assert not User.objects.exists()


def test_a_closed_account_stays_closed(sam):
    User.objects.update(is_active=False)
    refused(login(sam.email)[1], 409, "wrong_state")


def test_becoming_a_mentor_leaves_the_student_behind(sam, mia):
    caller, _ = login(sam.email)
    caller.client.post("/api/demo/login", {"email": mia.email}, content_type="application/json")
    assert caller.get("me").json()["isMentor"] is True
