"""All addresses, walked by people who have no business there: what is another's is not there, and nothing changes.

A new address with an id in it fails this test until it is said here whose it is, or why everybody may have it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from mentorship.demo.models import DemoMail
from mentorship.kernel import clock
from notifications import outbox
from notifications.models import Notification
from notifications.services import notify, send_mail
from sessions_app.models import DateException, Vacation
from sessions_app.services import book, submit_request
from sessions_app.services.feeds import feed_of
from tests import cast
from tests.cast import NOW, at
from tests.payments.scene import pay, place
from tests.walk.addresses import addresses

pytestmark = pytest.mark.django_db

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SOMETIMES = {"django_session"}  # written for whoever looks at a page, about nobody but themselves


@dataclass(frozen=True)
class Theirs:
    """An address of somebody's own row: for others it does not exist."""

    owner: str
    verbs: dict[str, Any] = field(default_factory=lambda: {"GET": None})  # the accepted ones, with a body that is fine


def reads() -> Theirs:
    return Theirs("sam")


def presses(owner: str, body: Any = None, **verbs: Any) -> Theirs:
    return Theirs(owner, {"POST": body or {}, **verbs})


def both(owner: str, body: Any = None) -> Theirs:
    return Theirs(owner, {"PATCH": body or {}, "POST": body or {}})


LATER = clock.iso(at(5))
REFUND = {"sessions": 1, "expect": "0" * 16, "reason": "because"}
# route -> whose it is and what can be done there
PRIVATE = {
    "api/mentorship/session/<session_id>": reads(),
    "api/orders/<order_id>": reads(),
    "api/offerings/<offering_id>": Theirs("mia", {"PATCH": {"title": "Mine now"}, "DELETE": None}),
    "api/sessions/<session_id>/cancel": both("sam"),
    "api/sessions/<session_id>/complete": both("mia"),
    "api/sessions/<session_id>/no-show": both("mia", {"absentParty": "student"}),
    "api/sessions/<session_id>/reschedule": both("sam", {"scheduledAt": LATER}),
    "checkout/orders/<uuid:order_id>": reads(),
    "checkout/orders/<uuid:order_id>/end": presses("sam"),
    "checkout/orders/<uuid:order_id>/refund": presses("sam", {"reason": "because"}, GET=None),
    "checkout/orders/<uuid:paid_id>/receipt": reads(),
    "checkout/orders/<uuid:paid_id>/receipt.pdf": reads(),
    "checkout/return/<uuid:order_id>": reads(),
    "api/requests/<request_id>": reads(),
    "api/requests/<request_id>/approve": Theirs("mia", {"POST": None}),
    "api/requests/<request_id>/reject": Theirs("mia", {"POST": {"reason": "because"}}),
    "api/requests/<request_id>/suggest": Theirs("mia", {"POST": {"times": [LATER]}}),
    "api/requests/<request_id>/accept": Theirs("sam", {"POST": {"scheduledAt": LATER}}),
    "api/requests/<request_id>/withdraw": Theirs("sam", {"POST": None}),
    "checkout/requests/<uuid:request_id>": presses("sam", {"provider": "sandbox"}),
    "mentorship/requests/<uuid:request_id>": reads(),
    "mentorship/requests/<uuid:request_id>/approval": presses("mia", {"scheduledAt": LATER}),
    "mentorship/requests/<uuid:request_id>/rejection": presses("mia", {"reason": "because"}, GET=None),
    "mentorship/requests/<uuid:request_id>/suggestion": presses("mia", {"at": LATER}, GET=None),
    "mentorship/requests/<uuid:request_id>/acceptance": presses("sam", {"scheduledAt": LATER}),
    "mentorship/requests/<uuid:request_id>/withdrawal": presses("sam", GET=None),
    "mentorship/session/<uuid:session_id>": reads(),
    "mentorship/session/<uuid:session_id>/calendar.ics": reads(),
    "mentorship/session/<uuid:session_id>/presence": presses("sam"),
    "mentorship/session/<uuid:session_id>/entry": presses("sam"),
    "mentorship/session/<uuid:session_id>/move": presses("sam", {"scheduledAt": LATER}, GET=None),
    "mentorship/session/<uuid:session_id>/cancellation": presses("sam", {"reason": "because"}, GET=None),
    "mentorship/session/<uuid:session_id>/completion": presses("mia"),
    "mentorship/session/<uuid:session_id>/no-show": presses("mia", {"absentParty": "student"}, GET=None),
    "mentorship/session/<uuid:session_id>/claim": presses("sam", {"wanted": "COMPLETED", "reason": "x"}, GET=None),
    "mentorship/session/<uuid:session_id>/claim/agreement": presses("mia", {"claim": "1"}),
    "mentorship/session/<uuid:session_id>/claim/answer": presses("mia", {"claim": "1", "text": "x"}),
    "mentorship/session/<uuid:session_id>/claim/withdrawal": presses("sam", {"claim": "1"}),
    "mentorship/session/<uuid:session_id>/forgiveness": presses("mia", GET=None),
    "mentorship/session/<uuid:session_id>/proposal": presses("mia", {"scheduledAt": LATER}, GET=None),
    "mentorship/session/<uuid:session_id>/proposal/acceptance": presses("sam", {"proposal": "1"}),
    "mentorship/session/<uuid:session_id>/proposal/rejection": presses("sam", {"proposal": "1"}),
    "mentorship/session/<uuid:session_id>/proposal/withdrawal": presses("mia"),
    "notifications/<int:pk>/reading": presses("sam"),
    "student/packs/<int:pack_id>": reads(),
    "student/mentorship/<int:mentor_id>/end": presses("sam", {"way": "give-up", "reason": "because"}, GET=None),
    "tutor/mentorship/<int:student_id>/end": presses("mia", {"reason": "because"}, GET=None),
    "tutor/availability/exceptions/<int:exception_id>/removal": presses("mia"),
    "tutor/availability/vacations/<int:vacation_id>/removal": presses("mia", GET=None),
    "student/packs/<int:pack_id>/plan": presses("sam", {"time": LATER}, GET=None),
    "student/packs/<int:pack_id>/pause": presses("sam", {"days": 5}, GET=None),
    "student/packs/<int:pack_id>/pause/answer": presses("sam", {"answer": "no"}),
    "student/packs/<int:pack_id>/pause/end": presses("sam"),
    "tutor/packs/<int:pack_id>/pause": presses("mia", {"days": 5}, GET=None),
    "tutor/packs/<int:pack_id>/pause/answer": presses("mia", {"answer": "yes"}),
    "tutor/packs/<int:pack_id>/pause/end": presses("mia"),
    "tutor/packs/<int:pack_id>/renewal": presses("mia", {"renewal": "ask"}, GET=None),
    "tutor/orders/<uuid:order_id>/refund": presses("mia", REFUND, GET=None),
    "tutor/orders/<uuid:order_id>/refund/decline": presses("mia", {"reason": "because"}),
    "tutor/mentorship/schedule/<int:offering_id>/edit": presses("mia", {"title": "Mine now"}, GET=None),
    "tutor/mentorship/schedule/<int:offering_id>/copy": presses("mia"),
    "tutor/mentorship/schedule/<int:offering_id>/archive": presses("mia"),
    "tutor/mentorship/schedule/<int:offering_id>/unarchive": presses("mia"),
    "tutor/mentorship/schedule/<int:offering_id>/delete": presses("mia"),
}

# Deleting what one has not is no mistake: it answers like the first time, and changes nothing (checked below).
HARMLESS = {("DELETE", "api/waitlist/<mentor_id>")}

# A private offer is its student's and its mentor's; the same addresses with a public offering are everybody's.
PRIVATE_OFFERS = {
    "mentorship/offerings/<int:offering_id>/request": Theirs("sam", {"GET": None, "POST": {"at": LATER}}),
    "checkout/<int:offering_id>": Theirs("sam", {"GET": None, "POST": {"provider": "sandbox"}}),
    "mentorship/offerings/<int:offering_id>": reads(),
    "mentorship/offerings/<int:offering_id>-<str:slug>": reads(),
}

# route -> why everybody may have it
PUBLIC = {
    "^media/(?P<path>photos/.+)$": "photos of mentors; a name nobody can guess, nothing else is served",
    "api/checkout/<provider>": "a provider's name; the offering is in the body, and walked below",
    "api/mentors/<mentor_id>/slots": "a mentor's free times are for buyers",
    "api/seats/availability/<mentor_id>": "how many seats are free is for buyers",
    "api/waitlist/<mentor_id>": "one leaves a mentor's line for oneself; whoever else stands in it is not named",
    "api/webhooks/<str:provider>": "a provider's name; the body is signed",
    "calendar/<slug:secret>.ics": "a calendar's secret address; nobody can guess it, and it can be ended",
    "checkout/<int:offering_id>": "a public offering; a private one is walked below",
    "demo/mails/<int:mail_id>": "the demo's drawer shows everybody all mails",
    "demo/mails/<int:mail_id>/html": "the demo's drawer shows everybody all mails",
    "mentorship/mentors/<slug:slug>": "a mentor's page is for buyers",
    "mentorship/mentors/<slug:slug>/waiting-list": "everybody may join or leave; whoever else waits is not named",
    "mentorship/offerings/<int:offering_id>/request": "a public offering; a private one is walked below",
    "mentorship/offerings/<int:offering_id>": "a public offering; a private one is walked below",
    "mentorship/offerings/<int:offering_id>-<str:slug>": "a public offering; a private one is walked below",
    "sandbox/checkout/<slug:reference>": "stands for a foreign site without logins; its name nobody can guess",
}


@pytest.fixture(autouse=True)
def monday_noon(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def world(sam, mia, max_, otto) -> dict[str, Any]:
    """Sam has bought Mia's pack and booked a session; Max has a student of his own; Otto knows nobody."""
    pack_of_four = cast.offering(mia)
    cast.bought(cast.user("pia"), max_)
    cast.offering(max_)
    private = cast.offering(mia, title="For Sam alone", private_for=sam)
    paid = pay(place(sam, pack_of_four))
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    by_request = cast.offering(mia, sessions=1, booking_mode="REQUEST")
    asked = submit_request(student=sam, offering=by_request, times=[at(6)], now=NOW)
    open_order = place(sam, cast.offering(mia, sessions=1), starts_at=at(3))
    notify("payment_failed", recipient=sam, about="walk", dedupe_key="walk", now=NOW,
           mentor_name="Mia", title="4 x 60 min", amount_display="€280", url="/")  # fmt: skip
    send_mail("login_code", sam.email, "Your code", "123456", now=NOW)
    outbox.relay(NOW)  # the demo's drawer does so too when it is opened
    return {
        "people": {"sam": sam, "mia": mia},
        "offering_id": pack_of_four.pk,
        "private_id": private.pk,
        "order_id": open_order.pk,
        "paid_id": paid.pk,
        "pack_id": paid.pack_id,
        "session_id": session.pk,
        "request_id": asked.pk,
        "pk": Notification.objects.filter(recipient=sam).latest("pk").pk,
        "exception_id": DateException.objects.create(mentor=mia, day=at(9).date(), kind="CLOSED").pk,
        "vacation_id": Vacation.objects.create(
            mentor=mia, first_day=at(20).date(), last_day=at(22).date(), created_at=NOW
        ).pk,
        "mentor_id": mia.pk,
        "student_id": sam.pk,
        "slug": "mia",
        "provider": "sandbox",
        "reference": open_order.provider_reference,
        "path": f"photos/{'0' * 32}.webp",
        "secret": feed_of(sam, now=NOW).secret,
        "mail_id": DemoMail.objects.create(to=sam.email, subject="Hello", text="Hello", html="<p>", sent_at=NOW).pk,
    }


def filled(route: str, ids: dict[str, Any]) -> str:
    path = route.removeprefix("^").removesuffix("$").replace("(?P<path>photos/.+)", "<path>")
    if route.startswith("tutor/orders/"):  # a mentor's sale is there once it is paid
        ids = ids | {"order_id": ids["paid_id"]}
    for name, value in ids.items():
        for written in ("<%s>", "<int:%s>", "<uuid:%s>", "<slug:%s>", "<str:%s>"):
            path = path.replace(written % name, str(value))
    assert "<" not in path, f"the walk knows no value for {route}"
    return f"/{path}"


def browser(person: Any = None) -> Client:
    client = Client(raise_request_exception=False)
    if person is not None:
        client.force_login(person)
    return client


def send(client: Client, verb: str, path: str, body: Any = None) -> Any:
    if path.startswith("/api/"):
        raw = "" if body is None else json.dumps(body)
        return client.generic(verb, path, raw, content_type="application/json")
    if verb == "POST":
        return client.post(path, body or {})
    return client.generic(verb, path)


def checksums() -> dict[str, str]:
    """What every table holds, as one word each."""
    found = {}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - SOMETIMES:
            cursor.execute(
                f"SELECT coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '') FROM \"{table}\" t"
            )
            found[table] = cursor.fetchone()[0]
    return found


def changed(before: dict[str, str]) -> set[str]:
    return {table for table, sum_ in checksums().items() if before[table] != sum_}


def sent_away(path: str, answer: Any) -> bool:
    """Nobody signed in: a call is told so, a page leads to signing in."""
    if path.startswith("/api/"):
        return answer.status_code == 401
    return answer.status_code == 302 and answer.url.startswith("/accounts/login/")


def test_every_address_with_an_id_is_known_here():
    with_ids = {address.route for address in addresses() if address.parameters}
    known = set(PRIVATE) | set(PUBLIC)
    assert not with_ids - known, "say in PRIVATE whose these are, or in PUBLIC why they are everybody's"
    assert not known - with_ids, "these addresses are gone"
    assert not set(PRIVATE) & set(PUBLIC)


def test_what_is_another_s_is_not_there(world, otto, max_):
    strangers = {"otto": browser(otto), "max": browser(max_)}
    nobody, wrong = browser(), []
    before = checksums()
    walked = [(route, theirs, world) for route, theirs in PRIVATE.items()]
    offers = world | {"offering_id": world["private_id"], "slug": "for-sam-alone"}
    walked += [(route, theirs, offers) for route, theirs in PRIVATE_OFFERS.items()]
    for route, theirs, ids in walked:
        path = filled(route, ids)
        for verb in VERBS:
            body = theirs.verbs.get(verb)
            fine = {404} if verb in theirs.verbs else {404, 405}
            for name, client in strangers.items():
                answer = send(client, verb, path, body)
                if answer.status_code not in fine:
                    wrong.append(f"{name}: {verb} {path}: {answer.status_code}")
            answer = send(nobody, verb, path, body)
            hidden = answer.status_code == 404 or (verb not in theirs.verbs and answer.status_code == 405)
            if not sent_away(path, answer) and not (hidden and (route in PRIVATE_OFFERS or verb not in theirs.verbs)):
                wrong.append(f"nobody: {verb} {path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert not changed(before)


def test_for_its_owner_each_of_them_is_there(world):
    """The control: a walk past doors that are closed to everybody would prove nothing."""
    owners = {name: browser(person) for name, person in world["people"].items()}
    for route, theirs in PRIVATE.items():
        if "GET" in theirs.verbs:
            answer = owners[theirs.owner].get(filled(route, world))
            assert answer.status_code == 200, f"{route}: {answer.status_code}"
    offers = world | {"offering_id": world["private_id"], "slug": "for-sam-alone"}
    for route in PRIVATE_OFFERS:
        answer = owners["sam"].get(filled(route, offers), follow=True)
        assert answer.status_code == 200, route


# What a stranger may put where an id is asked for in a query or a body: (verb, path, body with names of the world).
ASKED_FOR = [
    ("GET", "/tutor/mentorship/schedule/offer?request={request_id}", None),
    ("POST", "/api/mentorship/proceed-payment", {"requestId": "{request_id}", "provider": "sandbox"}),
    ("GET", "/student/mentorship/book?pack={pack_id}", None),
    ("POST", "/student/mentorship/book", {"pack": "{pack_id}", "scheduledAt": LATER, "idempotency_key": "walk"}),
    ("POST", "/api/sessions/book", {"mentorId": "{mentor_id}", "packId": "{pack_id}", "scheduledAt": LATER}),
    ("POST", "/api/checkout/sandbox", {"offeringId": "{private_id}"}),
]


def named(template: Any, world: dict[str, Any]) -> Any:
    if isinstance(template, dict):
        return {name: named(value, world) for name, value in template.items()}
    if not isinstance(template, str):
        return template
    said = template.format(**{k: v for k, v in world.items() if k != "people"}) if "{" in template else template
    return int(said) if template.startswith("{") and said.isdecimal() else said


@pytest.mark.parametrize(("verb", "path", "body"), ASKED_FOR)
def test_an_id_in_a_query_or_a_body_is_no_key_either(world, otto, max_, verb, path, body):
    strangers = [browser(otto), browser(max_)]
    before = checksums()
    path, body = named(path, world), named(body, world)
    assert [send(stranger, verb, path, body).status_code for stranger in strangers] == [404, 404]
    assert sent_away(path, send(browser(), verb, path, body))
    assert not changed(before)


LISTS = ("api/requests/me", "api/session-packs/me", "api/session-packs/me/active", "api/sessions/me")


@pytest.mark.parametrize("path", LISTS)
def test_lists_are_of_one_s_own(world, otto, max_, path):
    for params in ({}, {"mentorId": world["mentor_id"]}):
        for one in (otto, max_):
            assert browser(one).get(f"/{path}", params).json()["items"] == []
    assert browser(world["people"]["sam"]).get(f"/{path}").json()["items"]


# Addresses without an id that everybody may see; all others lead a visitor to signing in.
OPEN = {
    "", "mentorship", "healthz", "readyz",
    "api/", "api/csrf", "api/docs", "api/openapi.json", "api/mentors", "api/offerings",
    "api/demo/clock", "api/demo/login", "api/demo/mails", "demo/clock", "demo/mails", "demo/persona",
    "settings/",  # leads to the profile, which asks who it is
}  # fmt: skip


def test_addresses_without_an_id_never_break_and_reading_changes_nothing(world, otto, max_):
    readers = {"otto": browser(otto), "max": browser(max_), "nobody": browser()}
    before, wrong = checksums(), []
    for address in addresses():
        if address.parameters:
            continue
        for name, client in readers.items():
            answer = client.get(f"/{address.route}")
            if answer.status_code >= 500:
                wrong.append(f"{name}: {address.route}: {answer.status_code}")
        refused = sent_away(f"/{address.route}", answer)  # nobody's, the last of the readers
        if refused == (address.route in OPEN) and answer.status_code not in {405, 404}:
            wrong.append(f"nobody: {address.route}: {answer.status_code}")
        if address.route in OPEN:
            continue
        posted = send(readers["nobody"], "POST", f"/{address.route}", {})
        if not sent_away(f"/{address.route}", posted) and posted.status_code != 405:
            wrong.append(f"nobody: POST {address.route}: {posted.status_code}")
    assert not wrong, "\n".join(wrong)
    assert not changed(before)


def test_public_addresses_never_break_and_reading_them_changes_nothing(world, otto, max_):
    readers = [browser(otto), browser(max_), browser()]
    before, wrong = checksums(), []
    for route in PUBLIC:
        for client in readers:
            for verb in ("GET", "HEAD", "PUT", "DELETE"):
                status = send(client, verb, filled(route, world)).status_code
                writes = verb in {"PUT", "DELETE"} and (verb, route) not in HARMLESS
                if status >= 500 or (writes and status < 400):
                    wrong.append(f"{verb} {route}: {status}")
    assert not wrong, "\n".join(wrong)
    assert not changed(before)
