"""What a kind of notification is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class maybe(str):
    """A sentence that is left out when one of its values is missing or empty."""


@dataclass(frozen=True)
class Words:
    title: str
    text: tuple[str, ...]
    action: str = ""


@dataclass(frozen=True)
class Kind:
    name: str
    group: str
    label: str  # on the settings page: "Tell me when ..."
    student: Words | None = None
    mentor: Words | None = None
    # Other words for a later turn of the same thing, by the value `what` that the caller passes.
    turns: Mapping[str, Mapping[str, Words]] = field(default_factory=dict)

    def words_for(self, role: str, what: str = "") -> Words:
        """The words of this role, at this turn. Raises LookupError when this kind is not for them."""
        words = self.turns.get(what, {}).get(role) or (self.student if role == "student" else self.mentor)
        if words is None:
            raise LookupError(f"{self.name} is not written for a {role}")
        return words

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(role for role, words in (("student", self.student), ("mentor", self.mentor)) if words)


SESSIONS, PACKS, REQUESTS, MONEY, PEOPLE = "Sessions", "Packs and seats", "Requests", "Money", "People"
REASON = maybe("The reason given: “{reason}”")
