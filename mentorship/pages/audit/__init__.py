"""The audit: every sum of money, credits, seats, sessions and people's time proved against the others, by named SQL checks."""

from mentorship.pages.audit.checks import Check, Kind
from mentorship.pages.audit.running import CHECKS, Finding, Report, run

__all__ = ["CHECKS", "Check", "Finding", "Kind", "Report", "run"]
