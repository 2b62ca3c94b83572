"""The mentors, their shops and their hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.text import slugify

from mentorship.demo.seed.accounts import new_person
from mentorship.people.models import Topic, User
from mentorship.people.services import apply_as_mentor
from offerings.models import Course, Offering
from offerings.services import Draft, create_offering
from sessions_app.models import WeeklyRule

WEEKDAYS, ALL_DAYS = range(5), range(7)


@dataclass(frozen=True)
class MentorSpec:
    """Prices in euros: a single hour, four, eight (0: not sold); `naira` is what a single hour also costs (0: only euros)."""

    key: str
    name: str
    zone: str
    promise: str
    topics: tuple[str, ...]
    languages: tuple[str, ...]
    bio: str
    hours: tuple[tuple[range, int, int], ...]
    prices: tuple[int, int, int]
    seats: int = 10
    room: str = ""
    course: str = ""
    naira: int = 0
    asks: tuple[str, int] = ("", 0)  # what she or he approves first: title, price
    asks_pack: tuple[str, int, int] = ("", 0, 0)  # a pack approved first: title, sessions, price


MENTORS = (
    MentorSpec(
        "mia", "Mia Sato", "Africa/Lagos", "From notebook to production in four weeks.",
        ("Machine learning", "MLOps", "Careers"), ("en", "ja"),
        "I ran the machine learning platform of a payments company for six years. We take one model of yours, and at the "
        "end of four weeks it answers real requests, with tests, monitoring and somebody who knows when to turn it off.",
        ((range(6), 8, 21),), (80, 280, 520), course="Models in production", asks=("A review of your architecture", 140),
    ),
    MentorSpec(
        "max", "Max Brandt", "Europe/Berlin", "Statistics you will still trust next year.",
        ("Statistics", "R", "Research"), ("de", "en"),
        "Twelve years of clinical trials have taught me which shortcuts come back to haunt you. Bring your own data; we "
        "find out together what it can say, and what it cannot.",
        ((WEEKDAYS, 8, 20), (range(5, 6), 10, 16)), (65, 220, 400), course="Statistics from scratch",
        asks=("A second opinion on your analysis", 120),
    ),
    MentorSpec(
        "ada", "Ada Okafor", "Europe/London", "Read papers like a referee, write like an author.",
        ("Research", "Writing"), ("en",),
        "I have refereed four hundred papers and written forty. We read one of your field every session, then we turn "
        "your own draft into something that survives a second reader.",
        ((WEEKDAYS, 7, 21), (range(5, 7), 9, 18)), (95, 360, 0), seats=2,
    ),
    MentorSpec(
        "lea", "Lea Petit", "Europe/Paris", "Your first analyst job, step by step.",
        ("Careers", "SQL"), ("fr", "en"),
        "I hire analysts. We build the two projects I would want to see, and practise the interview until it is boring.",
        ((ALL_DAYS, 8, 21),), (50, 180, 340),
    ),
    MentorSpec(
        "jun", "Jun Reyes", "Asia/Manila", "Ship one small model every Friday.",
        ("Machine learning", "Product"), ("en",),
        "Small, live, measured: then the next one. I work in the night shift as often as by day, so pick any hour.",
        ((ALL_DAYS, 0, 24),), (70, 240, 450), room="https://meet.example.org/jun-reyes",
    ),
    MentorSpec(
        "tove", "Tove Nyman", "Europe/Oslo", "Explain any chart to any board.",
        ("Visualisation", "Leadership"), ("en", "no"),
        "One chart, one sentence, one decision. I take four people at a time, so that I know your numbers as well as you do.",
        ((ALL_DAYS, 7, 21),), (90, 310, 0), seats=4,
    ),
    MentorSpec(
        "ben", "Ben Alvarez", "America/New_York", "Write code your colleagues enjoy reading.",
        ("Software", "Leadership"), ("en", "es"),
        "We take a real change of yours and review it line by line, kindly, until there is nothing left to explain.",
        ((WEEKDAYS, 9, 18),), (75, 260, 0), seats=2,
    ),
    MentorSpec(
        "ines", "Ines Duarte", "America/Sao_Paulo", "A portfolio that says what you can do.",
        ("Design", "Careers"), ("pt", "en"),
        "Three projects, told well, are better than twelve. I have read portfolios for a living since 2014.",
        ((range(1, 6), 10, 19),), (60, 210, 390), asks_pack=("A portfolio from start to end", 6, 330),
    ),
    MentorSpec(
        "kofi", "Kofi Mensah", "Africa/Accra", "From engineer to the one people follow.",
        ("Leadership", "Careers"), ("en", "fr"),
        "Your first year of leading: feedback, hiring, saying no. Bring the conversation you are afraid of.",
        ((WEEKDAYS, 12, 20), (range(5, 6), 9, 13)), (100, 380, 0), naira=5000,
    ),
)  # fmt: skip


def make_mentor(spec: MentorSpec, now: datetime) -> User:
    """One verified mentor with hours and a shop."""
    since = now - timedelta(days=120)
    user = new_person(f"{spec.key}@demo.test", spec.name, spec.zone)
    profile = apply_as_mentor(
        user=user,
        promise=spec.promise,
        bio=spec.bio,
        topics=[_topic(name) for name in spec.topics],
        languages=list(spec.languages),
        now=since,
    )
    profile.max_active_students, profile.meeting_url = spec.seats, spec.room
    profile.save(update_fields=["max_active_students", "meeting_url"])
    profile.verify(now=since)
    WeeklyRule.objects.bulk_create(
        WeeklyRule(mentor=user, weekday=day, start_minute=start * 60, end_minute=end * 60)
        for days, start, end in spec.hours
        for day in days
    )
    user.refresh_from_db()
    for draft in _shop(spec, user):
        create_offering(mentor=user, draft=draft)
    return user


def _topic(name: str) -> Topic:
    return Topic.objects.get_or_create(slug=slugify(name), defaults={"name": name})[0]


def _shop(spec: MentorSpec, user: User) -> list[Draft]:
    course = Course.objects.create(owner=user, title=spec.course, slug=slugify(spec.course)) if spec.course else None
    single, four, eight = (euros * 100 for euros in spec.prices)
    drafts = [
        _session("Getting to know each other", 20, 0, is_intro=True),
        _session("A single hour", 60, single),
        _pack("Four sessions", 4, four),
    ]
    if spec.naira:  # what Paystack takes; euros it does not
        drafts.append(_session("A single hour, paid in naira", 60, spec.naira * 100, currency="NGN"))
    title, price = spec.asks
    if title:
        drafts.append(_session(title, 90, price * 100, booking_mode=Offering.BookingMode.REQUEST))
    title, sessions, price = spec.asks_pack
    if title:
        drafts.append(_pack(title, sessions, price * 100, booking_mode=Offering.BookingMode.REQUEST))
    if eight:
        drafts.append(_pack("Eight sessions", 8, eight, course_id=course.pk if course else None))
    return drafts


def _session(title: str, minutes: int, price: int, *, currency: str = "EUR", **more: Any) -> Draft:
    return Draft(title=title, kind="SESSION", duration_minutes=minutes, price_minor=price, currency=currency, **more)


def _pack(title: str, sessions: int, price: int, **more: Any) -> Draft:
    return Draft(
        title=title,
        kind="PACK",
        session_count=sessions,
        duration_minutes=60,
        price_minor=price,
        currency="EUR",
        **more,
    )
