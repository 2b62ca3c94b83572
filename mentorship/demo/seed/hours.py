"""A mentor whose coming weeks are not all alike: Lea has a long day, a day off and a vacation."""

from __future__ import annotations

from datetime import datetime, timedelta

from mentorship.demo.seed.stage import DAY, HOUR
from mentorship.people.models import User
from sessions_app.models import DateException
from sessions_app.services.hours import add_exception
from sessions_app.services.vacations import add_vacation

WEEK = timedelta(weeks=1)


def lea_plans(now: datetime) -> None:
    """In the week after next, beyond what is booked with her: two hours more on Tuesday, Thursday off. A month ahead she is
    away from a Saturday to the Sunday of the next week; her students were told two hours ago.
    """
    lea = User.objects.get(email="lea@demo.test")
    today = now.astimezone(lea.zone).date()
    monday = today - today.weekday() * DAY
    tuesday, thursday = monday + 2 * WEEK + DAY, monday + 2 * WEEK + 3 * DAY
    add_exception(mentor=lea, day=tuesday, kind=DateException.Kind.EXTRA, minutes=(6 * 60, 8 * 60), now=now)
    add_exception(mentor=lea, day=thursday, kind=DateException.Kind.CLOSED, now=now)
    add_vacation(
        mentor=lea,
        first_day=monday + 5 * WEEK - 2 * DAY,
        last_day=monday + 6 * WEEK - DAY,
        decisions={},
        note="Snow, if there is any.",
        now=now - 2 * HOUR,
    )
