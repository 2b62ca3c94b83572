"""What the rooms say of pauses: the other side has asked, and waits for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mentorship.pages.mentorships import Mentorship, PackRow
from packs.services.pausing import pause_url


def pause_needs(found: Iterable[Mentorship], user: Any) -> list[dict[str, Any]]:
    """The pauses this person is asked for, for components/needs_you.html. No query: the mentorships carry them."""
    rows = [row for one in found for row in one.pack_rows]
    return [_item(row, asked, user) for row in rows if (asked := row.pause_to_answer)]


def _item(row: PackRow, asked: dict[str, Any], user: Any) -> dict[str, Any]:
    assert row.pack is not None
    days, reason = asked["days"], asked["reason"]
    return {
        "title": f"{row.of.person.first_name} asks for a pause of {days} day{'' if days == 1 else 's'}",
        "text": f"“{reason}”" if reason else "Nothing changes until you answer",
        "until": row.pack.expires_at,
        "url": pause_url(row.pack, user),
    }
