"""Students in line: two lines, a payment that came too late, a seat on offer."""

from __future__ import annotations

from mentorship.demo.seed.stage import DAY, HOUR, Student
from mentorship.people.models import User
from payments.models import Order
from payments.services.refunding import refund_order


def pia(me: Student) -> None:
    """Orders a pack with Tove while a seat is free, and does not pay in time: see `pia_pays`."""
    me.with_("tove").order(4, ago=14 * HOUR)


def pia_pays(me: Student) -> None:
    """The money comes six hours late: Kim has the seat. It goes back, and Pia is first in line, before who came earlier."""
    me.with_("tove").pay(Order.objects.get(student=me.user), ago=8 * HOUR)


def gus(me: Student) -> None:
    """First in line with Ada, where Sue's grace runs; with Tove he waited first, and stands behind Pia now."""
    me.with_("ada").wait(ago=2 * DAY)
    me.with_("tove").wait(ago=10 * HOUR)


def vic(me: Student) -> None:
    """Third in line with Tove, second with Ada."""
    me.with_("ada").wait(ago=DAY)
    me.with_("tove").wait(ago=9 * HOUR)


def art(me: Student) -> None:
    """One of Ben's two seats. Asks Mia for a review, with three times; she has until tomorrow to answer."""
    ben = me.with_("ben")
    ben.buy(4, ago=20 * DAY)
    ben.met(ago=12 * DAY)
    me.with_("mia").ask(90, ago=20 * HOUR, days=(4, 5, 6), message="My ranking service: where would you cut it in two?")


def bea(me: Student) -> None:
    """Had the other seat of Ben's; this morning she asked for her money back. See `zoe`."""
    me.with_("ben").buy(4, ago=9 * DAY)


def zoe(me: Student) -> None:
    """Waited for Ben. Bea gave her seat back six hours ago: it is Zoe's for the rest of two days."""
    ben = me.with_("ben")
    ben.wait(ago=5 * DAY)
    order = Order.objects.get(student=User.objects.get(email="bea@demo.test"), mentor=ben.mentor)
    refund_order(order_id=order.pk, by=ben.mentor, reason="Bea has moved abroad.", now=me.now - 6 * HOUR)
