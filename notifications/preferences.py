"""What somebody wants mailed. A choice is a row; without one the channel is on."""

from __future__ import annotations

from dataclasses import dataclass

from mentorship.people.models import User
from notifications.kinds import GROUPS, KINDS, Kind
from notifications.models import Delivery, Preference


@dataclass(frozen=True)
class Choice:
    kind: Kind
    mail: bool


@dataclass(frozen=True)
class Group:
    name: str
    choices: list[Choice]


def kinds_for(user: User) -> list[Kind]:
    """The kinds this person can get: the mentor's copies only for mentors."""
    return [kind for kind in KINDS.values() if kind.student or user.is_mentor]


def shown_to(user: User) -> list[Group]:
    """The settings page: groups of kinds with what is chosen."""
    off = set(
        Preference.objects.filter(user=user, channel=Delivery.Channel.EMAIL, enabled=False).values_list(
            "kind", flat=True
        )
    )
    choices = [Choice(kind, kind.name not in off) for kind in kinds_for(user)]
    groups = [Group(name, [c for c in choices if c.kind.group == name]) for name in GROUPS]
    return [group for group in groups if group.choices]


def choose(*, user: User, wanted: set[str]) -> None:
    """Store which of the kinds this person can get should be mailed. Unknown names are ignored."""
    rows = [
        Preference(user=user, kind=kind.name, channel=Delivery.Channel.EMAIL, enabled=kind.name in wanted)
        for kind in kinds_for(user)
    ]
    Preference.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "kind", "channel"], update_fields=["enabled"]
    )
