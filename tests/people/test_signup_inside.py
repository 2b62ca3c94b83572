"""Signing up inside another page (checkout): the service behind two small forms."""

from __future__ import annotations

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.core import context
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore

from mentorship.kernel import clock
from mentorship.kernel.refusals import Malformed, Refusal, SlowDown
from mentorship.people.models import User
from mentorship.people.signup import finish_signup, forget, start_signup, waiting_for
from notifications.models import Delivery
from tests.people.test_doors import code_for, known

NEXT = "/checkout/7?time=tuesday"


@pytest.fixture
def visitor(rf, db):
    """A request as a visitor's browser makes it, inside allauth's request context."""
    request = rf.post("/checkout/7")
    request.session, request.user, request.now = SessionStore(), AnonymousUser(), clock.now()
    request.session.create()
    request.session["chosen"] = "tuesday"
    request._messages = FallbackStorage(request)
    with context.request_context(request):
        yield request


def test_a_new_person_is_signed_in_and_comes_back_to_the_page(visitor):
    start_signup(visitor, " Nia@Example.test", " Nia  Okafor ", "Africa/Lagos")
    assert waiting_for(visitor) == "nia@example.test"
    answer = finish_signup(visitor, code_for("nia@example.test"), NEXT)
    nia = User.objects.get()
    assert (answer.status_code, answer.url) == (302, NEXT)
    assert visitor.user == nia and (nia.name, nia.zone_name) == ("Nia Okafor", "Africa/Lagos")
    assert EmailAddress.objects.get(user=nia).verified and not nia.has_usable_password()
    assert visitor.session["chosen"] == "tuesday" and waiting_for(visitor) is None


def test_a_known_address_signs_in_and_keeps_its_name_and_password(visitor):
    sam = known()
    start_signup(visitor, sam.email, "Somebody else")
    finish_signup(visitor, code_for(sam.email), NEXT)
    sam.refresh_from_db()
    assert visitor.user == sam and sam.name == "Sam" and sam.has_usable_password()


def test_known_and_unknown_get_the_same_mail(visitor):
    known()
    start_signup(visitor, "sam@example.test", "Sam")
    start_signup(visitor, "new@example.test", "Sam")
    one, other = Delivery.objects.order_by("pk")
    assert one.kind == other.kind == "login_code"
    assert one.text.replace(code_for(one.to), "") == other.text.replace(code_for(other.to), "")


def test_the_code_is_not_in_the_session(visitor):
    start_signup(visitor, "new@example.test", "New")
    assert code_for("new@example.test") not in str(dict(visitor.session))


def test_wrong_twice_is_forgiven_three_times_is_the_end(visitor):
    start_signup(visitor, "new@example.test", "New")
    right = code_for("new@example.test")
    wrong = "000000" if right != "000000" else "111111"
    codes = []
    for attempt in (wrong, "", wrong, right):
        with pytest.raises(Refusal) as refused:
            finish_signup(visitor, attempt, NEXT)
        codes.append(refused.value.code)
    assert codes == ["wrong_code", "wrong_code", "code_expired", "code_expired"]
    assert not User.objects.exists()


def test_wrong_once_then_right(visitor):
    start_signup(visitor, "new@example.test", "New")
    with pytest.raises(Refusal, match="not the code"):
        finish_signup(visitor, "12", NEXT)
    right = code_for("new@example.test")
    finish_signup(visitor, f"{right[:3]} {right[3:]}", NEXT)
    assert visitor.user.email == "new@example.test"


def test_it_lives_15_minutes_of_machine_time(visitor):
    with time_machine.travel(clock.machine_now(), tick=False) as machine:
        start_signup(visitor, "new@example.test", "New")
        machine.shift(15 * 60 + 1)
        assert waiting_for(visitor) is None
        with pytest.raises(Refusal, match="no longer valid"):
            finish_signup(visitor, code_for("new@example.test"), NEXT)


def test_a_new_code_replaces_the_old_one(visitor):
    start_signup(visitor, "new@example.test", "New")
    old = code_for("new@example.test")
    start_signup(visitor, "new@example.test", "New")
    if old != code_for("new@example.test"):
        with pytest.raises(Refusal, match="not the code"):
            finish_signup(visitor, old, NEXT)


def test_starting_over(visitor):
    start_signup(visitor, "new@example.test", "New")
    forget(visitor)
    assert waiting_for(visitor) is None


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("", "New"),
        ("nobody", "New"),
        ("a@b.test\0", "New"),
        ("a@example.test", " "),
        ("a" * 250 + "@example.test", "New"),
    ],
)
def test_what_is_no_address_or_no_name_is_refused(visitor, email, name):
    with pytest.raises(Malformed):
        start_signup(visitor, email, name)
    assert not Delivery.objects.exists()


def test_an_address_gets_three_codes_a_minute(visitor):
    for _ in range(3):
        start_signup(visitor, "new@example.test", "New")
    with pytest.raises(SlowDown):
        start_signup(visitor, "NEW@example.test", "New")


def test_a_password_set_before_the_mailbox_was_proved_dies(visitor):
    squatter = User.objects.create_user("nia@example.test", "squatters-password", name="Not Nia")
    EmailAddress.objects.create(user=squatter, email=squatter.email, verified=False, primary=True)
    start_signup(visitor, "nia@example.test", "Nia")
    finish_signup(visitor, code_for("nia@example.test"), NEXT)
    squatter.refresh_from_db()
    assert visitor.user == squatter and squatter.name == "Nia" and not squatter.has_usable_password()


def test_whoever_was_switched_off_stays_out(visitor):
    known(is_active=False)
    start_signup(visitor, "sam@example.test", "Sam")
    answer = finish_signup(visitor, code_for("sam@example.test"), NEXT)
    assert answer.url == "/accounts/inactive/" and not visitor.user.is_authenticated


def test_a_second_step_comes_first(visitor):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    sam = known()
    TOTP.activate(sam, generate_totp_secret())
    start_signup(visitor, sam.email, "Sam")
    answer = finish_signup(visitor, code_for(sam.email), NEXT)
    assert answer.url.startswith("/accounts/2fa/authenticate/") and not visitor.user.is_authenticated
