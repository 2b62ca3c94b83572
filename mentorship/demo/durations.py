from __future__ import annotations

from datetime import timedelta

from django.utils.dateparse import parse_duration

from mentorship.kernel.refusals import Malformed


def read(text: str) -> timedelta:
    """An ISO-8601 duration: P1DT2H, PT71H59M59S, P2W. Raises Malformed for anything else, and for a negative one."""
    upper = text.strip().upper()
    try:
        found = timedelta(weeks=int(upper[1:-1])) if _is_weeks(upper) else parse_duration(upper)
    except OverflowError:
        found = None
    if found is None or not upper.startswith("P") or upper in ("P", "PT") or upper.endswith("T") or found < timedelta():
        raise Malformed("advance: an ISO-8601 duration of 0 or more, like PT71H59M59S, P1D or P2W.")
    return found


def _is_weeks(text: str) -> bool:
    return text.startswith("P") and text.endswith("W") and text[1:-1].isascii() and text[1:-1].isdecimal()
