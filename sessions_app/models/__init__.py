from sessions_app.models.availability import WeeklyRule
from sessions_app.models.block import CalendarBlock
from sessions_app.models.request import BookingRequest
from sessions_app.models.session import Session, SessionEvent

__all__ = ["BookingRequest", "CalendarBlock", "Session", "SessionEvent", "WeeklyRule"]
