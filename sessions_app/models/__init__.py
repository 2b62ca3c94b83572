from sessions_app.models.availability import DateException, Vacation, WeeklyRule
from sessions_app.models.block import BusyTime, CalendarBlock
from sessions_app.models.claim import Claim
from sessions_app.models.feed import CalendarFeed
from sessions_app.models.proposal import MoveProposal
from sessions_app.models.request import BookingRequest
from sessions_app.models.session import Session, SessionEvent

__all__ = [
    "BookingRequest",
    "BusyTime",
    "CalendarBlock",
    "CalendarFeed",
    "Claim",
    "DateException",
    "MoveProposal",
    "Session",
    "SessionEvent",
    "Vacation",
    "WeeklyRule",
]
