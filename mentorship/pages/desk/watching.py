"""What a verb would change: the verb itself is run, both people's rows are compared before and after, and all is undone.

So what a preview says is what the commit does. Its digest leaves out what only the clock moves: an instant that a verb
counts from now on is compared by its direction, everything else to the letter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Max, Q, Sum

from mentorship.kernel import local_time, money
from mentorship.people.models import MentorProfile
from notifications.models import Notification
from packs.models import Pause, SessionPack
from payments.models import LedgerEntry, Order, Refund
from seats.models import Seat, WaitingPlace
from sessions_app.models import BookingRequest, Claim, MoveProposal, Session

Row = dict[str, Any]
Look = dict[tuple[str, Any], Row]


@dataclass(frozen=True)
class Change:
    """One thing that is different afterwards: in words, and as what is compared with the commit."""

    words: str
    key: str


@dataclass(frozen=True)
class Pair:
    student_id: int | None
    mentor_id: int

    @property
    def people(self) -> list[int]:
        return [pk for pk in (self.student_id, self.mentor_id) if pk is not None]

    def of(self, way: str = "") -> Q:
        """The rows of the two. Without a student none: what concerns only the mentor is looked at by itself."""
        return Q(**{f"{way}mentor": self.mentor_id, f"{way}student": self.student_id})


@dataclass(frozen=True)
class Teller:
    """In whose words: the reader's zone, the instant."""

    zone: Any
    now: datetime

    def when(self, moment: datetime | None) -> str:
        return local_time.words(moment, self.zone, now=self.now) if moment else "never"


def look(pair: Pair) -> Look:
    """Everything of the pair that a verb may touch; of the mentor's other students only the line and its offers."""
    found: Look = {}
    for name, rows, fields in _tables(pair):
        for row in rows.values("pk", *fields):
            found[name, row.pop("pk")] = row
    found["ledger", 0] = _sums(pair)
    return found


def _tables(pair: Pair) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    everybody = Q(mentor=pair.mentor_id)
    yield (
        "pack",
        SessionPack.objects.filter(pair.of()),
        (
            "title",
            "status",
            "sessions_total",
            "sessions_held",
            "sessions_used",
            "expires_at",
            "paused_at",
            "frozen_at",
            "takes_seat",
        ),
    )
    offered = Q(status=Seat.Status.OFFERED)
    yield (
        "seat",
        Seat.objects.filter(everybody & (offered | pair.of())).annotate(who=F("student__name")),
        ("number", "status", "held_until", "grace_ends_at", "student_id", "who"),
    )
    yield (
        "session",
        Session.objects.filter(pair.of()).filter(Q(status__in=Session.BLOCKING) | ~Q(credit="")),
        ("title", "starts_at", "status", "credit", "absent_party"),
    )
    yield (
        "place",
        WaitingPlace.objects.filter(everybody, status__in=WaitingPlace.OPEN).annotate(who=F("student__name")),
        ("status", "who"),
    )
    yield "pause", Pause.objects.filter(pair.of("pack__")), ("status", "days")
    yield "claim", Claim.objects.filter(pair.of("session__")), ("status",)
    yield "proposal", MoveProposal.objects.filter(pair.of("session__")), ("status",)
    yield "request", BookingRequest.objects.filter(pair.of()), ("title", "status")
    yield "order", Order.objects.filter(pair.of()), ("number", "status", "attention")
    yield "refund", Refund.objects.filter(pair.of("order__")), ("amount_minor", "currency", "status")
    yield (
        "profile",
        MentorProfile.objects.filter(user=pair.mentor_id),
        ("sales_paused_at", "ignored_requests", "accepts_new", "verified_at"),
    )


def _sums(pair: Pair) -> Row:
    rows = LedgerEntry.objects.filter(pair.of("transaction__order__")).order_by().values("account", "currency")
    return {f"{row['account']} {row['currency']}": row["n"] for row in rows.annotate(n=Sum("amount_minor"))}


def told_since(newest: int, people: list[int]) -> list[Notification]:
    """The notifications of these people that were written after the newest one there was."""
    return list(
        Notification.objects.filter(pk__gt=newest, recipient__in=people).select_related("recipient").order_by("pk")
    )


def newest_notice() -> int:
    return Notification.objects.aggregate(n=Max("pk"))["n"] or 0


def changes(before: Look, after: Look, teller: Teller) -> list[Change]:
    found: list[Change] = []
    for place in sorted({*before, *after}, key=lambda key: (ORDER.index(key[0]), str(key[1]))):
        name, pk = place
        old, new = before.get(place), after.get(place)
        if old == new:
            continue
        for words in WORDS[name](old or {}, new or {}, teller):
            found.append(Change(words, _key(name, pk if old else "new", old or {}, new or {})))
    return [*found, *_stranded(before, after, teller)]


def _stranded(before: Look, after: Look, teller: Teller) -> Iterator[Change]:
    """Where a seat was released: the free sessions of the packs that stood on it, which then are `seat_not_active`."""
    seats = [place for place, row in after.items() if place[0] == "seat" and row["status"] == Seat.Status.RELEASED]
    if all(before.get(place) == after[place] for place in seats):
        return
    for (name, pk), pack in after.items():
        if name != "pack" or not pack["takes_seat"] or pack["status"] != SessionPack.Status.ACTIVE:
            continue
        free = _free(pack)
        if free and (pack["paused_at"] or pack["expires_at"] > teller.now):
            sessions = f"{free} free session{'' if free == 1 else 's'}"
            words = f"“{pack['title']}”: its {sessions} cannot be booked any more, until there is a seat again."
            yield Change(words, repr(("stranded", pk, free)))


def _key(name: str, pk: Any, old: Row, new: Row) -> str:
    return repr((name, str(pk), sorted((field, _moved(old.get(field), new.get(field))) for field in {*old, *new})))


def _moved(old: Any, new: Any) -> str:
    """To the letter; of two instants the old one and the direction."""
    if isinstance(new, datetime):
        way = "set" if not isinstance(old, datetime) else "same" if old == new else "later" if new > old else "earlier"
        return f"{old!r} {way}"
    return f"{old!r} {new!r}"


def digest(found: list[Change], told: list[Notification]) -> str:
    shown = (sorted(change.key for change in found), sorted((one.recipient_id, one.kind) for one in told))
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:24]


def _pack(old: Row, new: Row, teller: Teller) -> Iterator[str]:
    if not old:
        yield f"A new pack, “{new['title']}”: {_free(new)} free, until {teller.when(new['expires_at'])}."
        return
    name = f"“{new['title']}”"
    for field, word in (("sessions_total", "in all"), ("sessions_held", "booked"), ("sessions_used", "used")):
        if old[field] != new[field]:
            yield f"{name}: {old[field]} to {new[field]} {word}."
    if _free(old) != _free(new):
        yield f"{name}: {_free(old)} to {_free(new)} free."
    if old["status"] != new["status"]:
        yield f"{name}: {SessionPack.Status(old['status']).label} to {SessionPack.Status(new['status']).label}."
    if old["expires_at"] != new["expires_at"]:
        yield f"{name} expires {teller.when(new['expires_at'])} instead of {teller.when(old['expires_at'])}."
    for field, begins, ends in (("paused_at", "is paused", "runs on"), ("frozen_at", "is frozen", "is thawed")):
        if bool(old[field]) != bool(new[field]):
            yield f"{name} {begins if new[field] else ends}."


def _free(row: Row) -> int:
    return row["sessions_total"] - row["sessions_held"] - row["sessions_used"]


def _seat(old: Row, new: Row, teller: Teller) -> Iterator[str]:
    if not new:
        return  # an offer to somebody else that is over: their place in the line says so
    name, status = f"Seat {new['number']} of {new['who']}", Seat.Status(new["status"])
    if not old:
        until = f", until {teller.when(new['held_until'])}" if new["held_until"] else ""
        yield (
            f"Seat {new['number']} is {status.label} to {new['who']}{until}."
            if status == Seat.Status.OFFERED
            else (f"{name}: {status.label}{until}.")
        )
        return
    if old["status"] != new["status"]:
        yield f"{name}: {Seat.Status(old['status']).label} to {status.label}."
    if old["grace_ends_at"] != new["grace_ends_at"] and new["grace_ends_at"]:
        yield f"{name} is kept until {teller.when(new['grace_ends_at'])}" + (
            f" instead of {teller.when(old['grace_ends_at'])}." if old["grace_ends_at"] else "."
        )


def _session(old: Row, new: Row, teller: Teller) -> Iterator[str]:
    if not new:
        return
    when, status = teller.when(new["starts_at"]), Session.Status(new["status"]).label
    if not old:
        yield f"A session is booked: {when}."
        return
    if old["starts_at"] != new["starts_at"]:
        yield f"The session of {teller.when(old['starts_at'])} is on {when}."
    if (old["status"], old["absent_party"]) != (new["status"], new["absent_party"]):
        absent = f" ({Session.Party(new['absent_party']).label} was absent)" if new["absent_party"] else ""
        yield f"The session of {when}: {Session.Status(old['status']).label} to {status}{absent}."
    if old["credit"] != new["credit"] and new["credit"]:
        yield f"Its credit: {Session.Credit(new['credit']).label}."
        if old["credit"] == Session.Credit.USED:
            yield "The mentor’s share of it is not earned: it waits until the credit is used, lapses or is refunded."
        elif new["credit"] == Session.Credit.USED:
            yield "The mentor’s share of it becomes available after the usual time."


def _place(old: Row, new: Row, teller: Teller) -> Iterator[str]:
    who = (new or old)["who"]
    if not new:
        yield f"{who} is on the waiting list no longer."
    elif not old:
        yield f"{who} stands on the waiting list: {WaitingPlace.Status(new['status']).label}."
    else:
        yield f"{who}, next in line: {WaitingPlace.Status(new['status']).label}."


def _labelled(name: str, statuses: Any) -> Callable[[Row, Row, Teller], Iterator[str]]:
    def tell(old: Row, new: Row, teller: Teller) -> Iterator[str]:
        status = statuses(new["status"]).label if new else "gone"
        title = f" “{new['title']}”" if new.get("title") else ""
        if old.get("status") != new.get("status"):
            yield f"The {name}{title}: {status}."

    return tell


def _order(old: Row, new: Row, teller: Teller) -> Iterator[str]:
    if new and old.get("status") != new["status"]:
        yield f"Order {new['number']}: {Order.Status(new['status']).label}."
    elif new and old.get("attention") != new["attention"]:
        yield f"Order {new['number']} asks for attention: {new['attention'] or 'no longer'}."


def _refund(old: Row, new: Row, teller: Teller) -> Iterator[str]:
    sum_of = money.display(new["amount_minor"], new["currency"])
    yield f"{sum_of} goes back." if not old else f"The refund of {sum_of}: {Refund.Status(new['status']).label}."


def _ledger(old: Row, new: Row, teller: Teller) -> Iterator[str]:
    mentors = (LedgerEntry.Account.MENTOR_PENDING, LedgerEntry.Account.MENTOR_AVAILABLE)
    for key in sorted({*old, *new}):
        account, currency = key.split(" ")
        moved = old.get(key, 0) - new.get(key, 0)  # what we owe is negative
        if moved and account in mentors:
            label = "pending" if account == LedgerEntry.Account.MENTOR_PENDING else "available"
            sign = "+" if moved > 0 else "\N{MINUS SIGN}"
            yield f"The mentor’s {label} money: {sign}{money.display(abs(moved), currency)}."


def _profile(old: Row, new: Row, teller: Teller) -> Iterator[str]:
    if bool(old.get("sales_paused_at")) != bool(new.get("sales_paused_at")):
        yield "Sales are paused." if new.get("sales_paused_at") else "Sales go on."
    if old.get("ignored_requests") != new.get("ignored_requests"):
        yield f"Requests without an answer in a row: {new.get('ignored_requests')}."
    if bool(old.get("verified_at")) != bool(new.get("verified_at")):
        yield "Buyers can find the mentor." if new.get("verified_at") else "Buyers do not find the mentor any more."
    if old.get("accepts_new") != new.get("accepts_new"):
        yield "New students are welcome." if new.get("accepts_new") else "No new students are taken."


WORDS: dict[str, Callable[[Row, Row, Teller], Iterator[str]]] = {
    "session": _session,
    "pack": _pack,
    "seat": _seat,
    "place": _place,
    "pause": _labelled("pause", Pause.Status),
    "claim": _labelled("claim", Claim.Status),
    "proposal": _labelled("proposal of another time", MoveProposal.Status),
    "request": _labelled("request", BookingRequest.Status),
    "order": _order,
    "refund": _refund,
    "ledger": _ledger,
    "profile": _profile,
}
ORDER = list(WORDS)
