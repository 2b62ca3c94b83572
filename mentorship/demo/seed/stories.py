"""The students of the first hour: one story each, told by the verbs of `stage`. Who waits is in `waiting`, who asks in `asking`."""

from __future__ import annotations

from datetime import timedelta

from mentorship.demo.seed.stage import DAY, HOUR, Student


def sam(me: Student) -> None:
    """One session left with Ada; a fresh pack with Lea, its first session booked."""
    ada = me.with_("ada")
    ada.buy(4, ago=26 * DAY)
    for days, agenda in ((21, "My first draft"), (14, "The related work"), (5, "Answering the referees")):
        ada.met(ago=days * DAY, agenda=agenda)
    lea = me.with_("lea")
    lea.buy(4, ago=20 * HOUR)
    lea.coming(within=2 * DAY, agenda="Which project to begin with")


def sue(me: Student) -> None:
    """In grace with Ada, 11 hours to go; with Jun the next session is tomorrow."""
    ada = me.with_("ada")
    ada.buy(4, ago=30 * DAY)
    for days in (24, 17, 10):
        ada.met(ago=days * DAY)
    settled = me.now - 61 * HOUR
    last = ada.book(ada.last_slot(settled - HOUR, at=me.now - 6 * DAY), at=me.now - 6 * DAY)
    ada.hold(last, marked_at=settled)
    jun = me.with_("jun")
    jun.buy(8, ago=15 * DAY)
    jun.met(ago=9 * DAY, agenda="A baseline by Friday")
    jun.met(ago=2 * DAY, agenda="Reading the errors")
    jun.coming(within=22 * HOUR, agenda="Reviewing my feature store; bring the latency plot.", booked_ago=36 * HOUR)


def nia(me: Student) -> None:
    """Nothing bought yet."""


def kim(me: Student) -> None:
    """Took the seat that Wim let go."""
    tove = me.with_("tove")
    tove.buy(4, ago=12 * HOUR)
    tove.coming(within=3 * DAY, agenda="The quarterly numbers")


def wim(me: Student) -> None:
    """Comes too late, twice: did not renew with Tove in time, and left a payment to Lea lying until the hold was over."""
    tove = me.with_("tove")
    tove.buy(4, ago=40 * DAY)
    for days in (33, 26, 19, 5):
        tove.met(ago=days * DAY)
    me.with_("lea").order(4, ago=timedelta(minutes=50))


def leo(me: Student) -> None:
    """In the room with Jun right now."""
    jun = me.with_("jun")
    jun.buy(4, ago=10 * DAY)
    jun.met(ago=5 * DAY)
    at = me.now - 2 * DAY
    live = jun.book(jun.last_slot(me.now, at=at), at=at, agenda="Why does it drift on Mondays?")
    jun.hold(live, marked=False)


def uma(me: Student) -> None:
    """Yesterday's session with Mia is not marked yet."""
    mia = me.with_("mia")
    mia.buy(8, ago=25 * DAY)
    mia.met(ago=16 * DAY)
    mia.met(ago=9 * DAY)
    at = me.now - 4 * DAY
    mia.hold(mia.book(mia.last_slot(me.now - 3 * HOUR, at=at), at=at, agenda="Tests for the pipeline"), marked=False)


def ivo(me: Student) -> None:
    """Began with Mia's intro, then bought a pack; the first session is booked."""
    mia = me.with_("mia")
    mia.single(ago=12 * DAY, minutes=20, starts_in=-9 * DAY)
    mia.buy(4, ago=3 * DAY)
    mia.coming(within=3 * DAY, agenda="My first deployment")


def jon(me: Student) -> None:
    """Half way with Max."""
    max_ = me.with_("max")
    max_.buy(4, ago=22 * DAY)
    max_.met(ago=15 * DAY)
    max_.met(ago=8 * DAY, agenda="Mixed models")


def eva(me: Student) -> None:
    """With Tove, the next session booked, another one bought from Lea."""
    tove = me.with_("tove")
    tove.buy(4, ago=21 * DAY)
    tove.met(ago=14 * DAY)
    tove.coming(within=5 * DAY)
    me.with_("lea").single(ago=DAY, starts_in=4 * DAY)


def rob(me: Student) -> None:
    """One more with Tove; a second pack with Lea, renewed in time."""
    tove = me.with_("tove")
    tove.buy(4, ago=28 * DAY)
    for days in (21, 14, 6):
        tove.met(ago=days * DAY)
    lea = me.with_("lea")
    lea.buy(4, ago=60 * DAY)
    for days in (54, 47, 40, 33):
        lea.met(ago=days * DAY)
    lea.buy(4, ago=32 * DAY)
    lea.met(ago=18 * DAY)


def lin(me: Student) -> None:
    """A fresh pack with Tove, and one with Lea that expires in six days with two credits in it."""
    me.with_("tove").buy(4, ago=2 * DAY)
    lea = me.with_("lea")
    lea.buy(4, ago=84 * DAY)
    lea.met(ago=70 * DAY)
    lea.met(ago=50 * DAY)


def hal(me: Student) -> None:
    """History: a finished mentorship with Max, whose seat was released long ago."""
    max_ = me.with_("max")
    max_.buy(4, ago=70 * DAY)
    for days in (63, 56, 49, 42):
        max_.met(ago=days * DAY)
    max_.swept(ago=38 * DAY)
