"""Signing up and in: by password, by mailed code, from inside another page; also while Redis is away."""

from __future__ import annotations

import re

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from mentorship.kernel import clock
from mentorship.people.models import User
from notifications.models import Delivery

pytestmark = pytest.mark.django_db
PASSWORD = "a-good-long-password"


@pytest.fixture
def redis_away(settings):
    """The cache points at a port where nobody listens."""
    caches = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    settings.CACHES = caches


def known(email="sam@example.test", password=PASSWORD, **fields):
    person = User.objects.create_user(email, password, name="Sam", **fields)
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def code_for(email):
    """The six digits of the newest mail, read as a person reads them."""
    text = Delivery.objects.filter(to=email).latest("pk").text
    return re.search(r"^ {4}(\d{6})$", text, re.MULTILINE)[1]


def signed_in(client):
    return client.get("/api/me").status_code == 200


def sign_up(client, **more):
    form = {"name": "Nia  Okafor", "email": "Nia@Example.test", "password1": "", "zone": "Africa/Lagos"} | more
    return client.post("/accounts/signup/", form)


def test_signing_up_needs_name_mail_and_six_digits(client):
    assert sign_up(client).status_code == 302
    assert not signed_in(client)
    mail = Delivery.objects.get()
    assert (mail.kind, mail.to, mail.status) == ("email_verification", "nia@example.test", "PENDING")
    answer = client.post("/accounts/confirm-email/", {"code": code_for("nia@example.test")})
    assert (answer.status_code, answer.url) == (302, "/student/mentorship")
    assert client.get("/api/me").json() == {
        "id": User.objects.get().pk,
        "name": "Nia Okafor",
        "email": "nia@example.test",
        "zone": "Africa/Lagos",
        "isMentor": False,
    }


def test_without_scripts_the_zone_comes_from_the_cookie(client):
    client.cookies["zone"] = "Asia/Tokyo"
    sign_up(client, zone="")
    assert User.objects.get().zone_name == "Asia/Tokyo"


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc", "UTC\0"])
def test_a_forged_zone_is_utc(client, zone):
    sign_up(client, zone=zone)
    assert all(u.zone_name == "UTC" for u in User.objects.all())


def test_signing_up_with_a_password(client):
    sign_up(client, password1=PASSWORD)
    assert User.objects.get().check_password(PASSWORD)


def test_a_poor_password_is_refused(client):
    answer = sign_up(client, password1="short")
    assert answer.status_code == 200 and not User.objects.exists()


def test_a_known_address_gets_the_same_answer_and_another_mail(client):
    known("nia@example.test")
    answer = sign_up(client)
    assert (answer.status_code, answer.url) == (302, "/accounts/confirm-email/")
    assert Delivery.objects.get().kind == "account_already_exists"
    assert User.objects.count() == 1


def test_three_wrong_codes_end_a_sign_up(client):
    sign_up(client)
    right = code_for("nia@example.test")
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(3):
        client.post("/accounts/confirm-email/", {"code": wrong})
    client.post("/accounts/confirm-email/", {"code": right})
    assert not signed_in(client)


def test_signing_in_with_a_password(client):
    known()
    answer = client.post("/accounts/login/", {"login": "SAM@example.test", "password": PASSWORD})
    assert (answer.status_code, answer.url) == (302, "/student/mentorship")


def test_a_mentor_lands_in_the_mentor_room(client, mia):
    mia.set_password(PASSWORD)
    mia.save()
    EmailAddress.objects.create(user=mia, email=mia.email, verified=True, primary=True)
    assert client.post("/accounts/login/", {"login": mia.email, "password": PASSWORD}).url == "/tutor/mentorship"


def test_next_wins_but_only_at_home(client):
    known()
    form = {"login": "sam@example.test", "password": PASSWORD}
    assert client.post("/accounts/login/", form | {"next": "/notifications"}).url == "/notifications"
    client.post("/accounts/logout/")
    assert client.post("/accounts/login/", form | {"next": "https://evil.test/"}).url == "/student/mentorship"


def test_the_first_sign_in_takes_the_browsers_zone_and_no_later_one_does(client):
    person = known()
    client.cookies["zone"] = "Asia/Tokyo"
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    client.post("/accounts/logout/")
    client.cookies["zone"] = "Europe/Berlin"
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    person.refresh_from_db()
    assert person.zone_name == "Asia/Tokyo"


def by_code(client, email="sam@example.test"):
    client.post("/accounts/login/code/", {"email": email})
    return client.post("/accounts/login/code/confirm/", {"code": code_for(email)})


def test_signing_in_with_a_mailed_code(client):
    known()
    assert by_code(client).status_code == 302
    assert signed_in(client)
    mail = Delivery.objects.get()
    assert mail.subject == "Your code for mentorship"  # the admin lists subjects: no code in them
    assert mail.kind == "login_code" and code_for(mail.to) in mail.html


def test_a_code_dies_after_15_minutes_of_machine_time(client):
    known()
    with time_machine.travel(clock.machine_now(), tick=False) as machine:
        client.post("/accounts/login/code/", {"email": "sam@example.test"})
        machine.shift(15 * 60 + 1)
        client.post("/accounts/login/code/confirm/", {"code": code_for("sam@example.test")})
    assert not signed_in(client)


def test_an_unknown_address_gets_a_mail_that_says_so(client):
    answer = client.post("/accounts/login/code/", {"email": "who@example.test"})
    assert answer.status_code == 302
    mail = Delivery.objects.get()
    assert mail.kind == "unknown_account" and "/accounts/signup/" in mail.text and "/accounts/signup/" in mail.html


def test_a_new_password_by_mailed_code(client):
    known()
    client.post("/accounts/password/reset/", {"email": "sam@example.test"})
    assert Delivery.objects.get().kind == "password_reset"
    client.post("/accounts/password/reset/confirm/", {"code": code_for("sam@example.test")})
    client.post(
        "/accounts/password/reset/complete/",
        {"password1": "another-long-password", "password2": "another-long-password"},
    )
    assert User.objects.get().check_password("another-long-password")
    assert Delivery.objects.latest("pk").kind == "password_changed"


def test_with_redis_away_all_doors_open(client, redis_away):
    known()
    assert by_code(client).status_code == 302 and signed_in(client)
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": "sam@example.test", "password": PASSWORD})
    assert signed_in(client)
    client.post("/accounts/logout/")
    sign_up(client)
    client.post("/accounts/confirm-email/", {"code": code_for("nia@example.test")})
    assert client.get("/api/me").json()["email"] == "nia@example.test"


def test_anonymous_me_is_401(client):
    answer = client.get("/api/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "login_required")


DOORS = [
    "/accounts/login/", "/accounts/signup/", "/accounts/login/code/", "/accounts/password/reset/",
    "/accounts/signup/passkey/", "/accounts/password/reset/done/",
]  # fmt: skip


OWN_PAGES = [
    "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/2fa/webauthn/", "/accounts/logout/",
    "/accounts/3rdparty/", "/settings/profile", "/settings/security", "/settings/notifications", "/notifications",
    "/mentor/apply",
]  # fmt: skip


@pytest.mark.parametrize("address", DOORS)
def test_every_door_opens(client, address):
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("address", OWN_PAGES)
def test_every_page_of_ones_own_opens(client, address):
    person = known()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    "address", ["/settings/profile", "/settings/mentor", "/notifications", "/mentor/apply", "/settings/security"]
)
def test_visitors_are_asked_to_sign_in(client, address):
    answer = client.get(address)
    assert answer.status_code == 302 and answer.url == f"/accounts/login/?next={address}"


def test_a_second_step_is_asked_for(client, django_capture_on_commit_callbacks):
    person = known()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    secret = client.session["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    assert Authenticator.objects.filter(user=person, type="totp").exists()
    assert list(Delivery.objects.values_list("kind", "to")) == [("security_changed", person.email)]
    client.post("/accounts/logout/")
    assert by_code(client).url.startswith("/accounts/2fa/authenticate/")
    assert not signed_in(client)


def test_the_admin_has_the_same_door_with_the_same_second_step(client):
    for address in ("/admin/", "/admin/login/"):
        answer = client.get(address, follow=True)
        assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=%2Fadmin%2F")


def test_a_student_has_no_admin(client):
    client.force_login(known())
    assert client.get("/admin/", follow=True).status_code == 403
