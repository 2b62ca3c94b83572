from sessions_app.models.availability import WeeklyRule
from sessions_app.models.block import CalendarBlock
from sessions_app.models.session import Session, SessionEvent

__all__ = ["CalendarBlock", "Session", "SessionEvent", "WeeklyRule"]
