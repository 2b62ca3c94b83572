"""Every kind of notification: who gets it, in which words, and what it asks them to do. A file for each group.

A text is a row of sentences. `{name}` is a value the caller passes (an instant is written in the recipient's zone, the
zone named; `{starts_at:day}` and the other styles of `kernel.local_time.words` work; `{sessions:session}` is "1 session"
or "4 sessions"). A sentence in `maybe()` is left out when one of its values is missing; any other missing value raises.
`{other}` is the other person of the two. Words may differ between the student's and the mentor's copy.
"""

from __future__ import annotations

from notifications.kinds import money, packs, people, requests, sessions, support
from notifications.kinds.words import MONEY, PACKS, PEOPLE, REQUESTS, SESSIONS, Kind, Words, maybe

GROUPS = (SESSIONS, PACKS, REQUESTS, MONEY, PEOPLE)
_ALL = (*sessions.KINDS, *packs.KINDS, *requests.KINDS, *money.KINDS, *people.KINDS, *support.KINDS)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}

__all__ = ["GROUPS", "KINDS", "Kind", "Words", "maybe"]
