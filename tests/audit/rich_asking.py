"""The part of the rich world in which everything waits for an answer: requests, a line, a claim, a pause, a proposal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from offerings.models import Offering
from payments import services as payments
from payments.models import Order
from payments.services import sandbox
from payments.services.refunding import refund_order
from seats.services import join
from sessions_app import services as sessions
from sessions_app.services.pauses import agree_to_pause, ask_to_pause
from sessions_app.services.vacations import add_vacation
from tests import cast
from tests.machine.world import World
from tests.payments.scene import SITE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def everything_waits(world: World) -> None:
    """Ada has two seats: one taken, one on offer; somebody waits. Ben approves, and is away in a month."""
    ada, ben = cast.mentor("ada", seats=2), cast.mentor("ben")
    uma, vic, wes, xia = (cast.user(name) for name in ("uma", "vic", "wes", "xia"))
    _changes(world, ben, wes, xia)
    _line(world, ada, uma, vic, wes, xia)
    _requests(world, ben, uma, vic)


def _line(world: World, ada: Any, uma: Any, vic: Any, wes: Any, xia: Any) -> None:
    """Vic gives a seat back, and Wes has it on offer; Xia is next."""
    pack = cast.offering(ada, sessions=2)
    _buy(world, uma, pack)
    gone = _buy(world, vic, pack)
    for who in (wes, xia):
        join(student=who, mentor_id=ada.pk, now=world.now)
    refund_order(order_id=gone.pk, by=world.boss, reason="agreed", now=world.now)
    world.run_jobs("send_refunds")


def _buy(world: World, student: Any, of: Offering) -> Order:
    order = payments.checkout(student=student, offering_id=of.pk, provider="sandbox", site_url=SITE, now=world.now)
    sandbox.decide(order.provider_reference, "paid")
    return payments.confirm_and_fulfil(order.pk, world.now)


def _requests(world: World, ben: Any, uma: Any, vic: Any) -> None:
    """A pack that was asked for and paid, one approved with seat and time, one pending, one rejected."""
    pack = cast.offering(ben, sessions=2, booking_mode="REQUEST")
    single = cast.offering(ben, sessions=1, price=5000, booking_mode="REQUEST")
    for student, day in ((uma, 5), (vic, 6)):
        asked = payments.ask(student=student, offering_id=pack.pk, times=[world.slot(day, 9, 0)], now=world.now)
        sessions.approve(request_id=asked.pk, by=ben, now=world.now)
        if student == uma:
            order = payments.proceed_payment(
                student=uma, request_id=asked.pk, provider="sandbox", site_url=SITE, now=world.now
            )
            sandbox.decide(order.provider_reference, "paid")
            payments.confirm_and_fulfil(order.pk, world.now)
    payments.ask(student=vic, offering_id=single.pk, times=[world.slot(8, 9, 0)], now=world.now)
    asked = payments.ask(student=uma, offering_id=single.pk, times=[world.slot(9, 9, 0)], now=world.now)
    sessions.reject(request_id=asked.pk, by=ben, reason="not now", now=world.now)


def _changes(world: World, ben: Any, wes: Any, xia: Any) -> None:
    """A claim is open, a pause has been and one runs, another time is proposed, a vacation moved what expires."""
    pack = cast.offering(ben, sessions=2)
    _buy(world, wes, pack)
    other = _buy(world, xia, pack).pack
    add_vacation(
        mentor=ben, first_day=(world.now + 30 * DAY).date(), last_day=(world.now + 38 * DAY).date(), decisions={},
        now=world.now,
    )  # fmt: skip
    met = sessions.book(student=wes, mentor_id=ben.pk, starts_at=world.slot(1, 15, 0), by=wes, now=world.now)
    world.pass_time(met.ends_at - world.now, run=True)
    sessions.complete(session_id=met.pk, by=ben, now=world.now)
    sessions.open_claim(session_id=met.pk, by=wes, wanted="MENTOR_ABSENT", reason="nobody came", now=world.now)
    for days in (1, 9):
        pause = ask_to_pause(pack_id=other.pk, by=xia, days=days, reason="exams", now=world.now)
        agree_to_pause(pause_id=pause.pk, by=ben, now=world.now)
        if days == 1:
            world.pass_time(DAY, run=True)
    intro, third = cast.offering(ben, sessions=1, price=0, is_intro=True, minutes=20), cast.user("yan")
    order = payments.checkout(
        student=third, offering_id=intro.pk, provider="sandbox", starts_at=world.slot(2, 16, 0), site_url=SITE, now=world.now
    )  # fmt: skip
    sessions.propose_move(session_id=order.session.pk, starts_at=world.slot(2, 18, 0), by=ben, now=world.now)
