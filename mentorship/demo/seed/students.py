"""Who lives in the demo, in the order in which their stories are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mentorship.demo.seed import asking, stories, waiting
from mentorship.demo.seed.stage import Student


class Role(NamedTuple):
    """`later` is what happens to them when all the others are there."""

    key: str
    name: str
    zone: str
    story: Callable[[Student], None]
    later: Callable[[Student], None] | None = None


# Pia before Kim, Kim after Wim: she takes the seat he let go, while Pia does not pay. Art and Bea before Zoe, who waits.
STUDENTS = (
    Role("sam", "Sam Weiss", "Europe/Berlin", stories.sam),
    Role("sue", "Sue Lind", "Europe/Stockholm", stories.sue),
    Role("nia", "Nia Osei", "Europe/Berlin", stories.nia),
    Role("eva", "Eva Blum", "Europe/Vienna", stories.eva),
    Role("rob", "Rob Finch", "Europe/London", stories.rob),
    Role("lin", "Lin Qiao", "Asia/Singapore", stories.lin),
    Role("wim", "Wim de Boer", "Europe/Amsterdam", stories.wim),
    Role("pia", "Pia Lund", "Europe/Copenhagen", waiting.pia, waiting.pia_pays),
    Role("kim", "Kim Vance", "America/Chicago", stories.kim),
    Role("leo", "Leo Marin", "Europe/Madrid", stories.leo),
    Role("uma", "Uma Rao", "Asia/Kolkata", stories.uma),
    Role("ivo", "Ivo Kern", "Europe/Zurich", stories.ivo),
    Role("jon", "Jon Tamm", "Europe/Tallinn", stories.jon),
    Role("hal", "Hal Moreau", "Europe/Paris", stories.hal),
    Role("gus", "Gus Hartley", "Europe/Dublin", waiting.gus),
    Role("vic", "Vic Novak", "Europe/Prague", waiting.vic),
    Role("art", "Art Sokol", "Europe/Warsaw", waiting.art),
    Role("bea", "Bea Rossi", "Europe/Rome", waiting.bea),
    Role("zoe", "Zoe Keller", "Europe/Berlin", waiting.zoe),
    Role("dan", "Dan Abebe", "Africa/Addis_Ababa", asking.dan),
    Role("mel", "Mel Castro", "America/Bogota", asking.mel),
    Role("cleo", "Cleo Martin", "Europe/Brussels", asking.cleo),
    Role("oli", "Oli Brandt", "Europe/Zurich", asking.oli),
    Role("fay", "Fay Chen", "Asia/Taipei", asking.fay),
)
