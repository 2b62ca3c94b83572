"""What a verb of the desk is, and the two ways to run it: to see what it would do (all undone), and to do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from unfold.widgets import UnfoldAdminTextInputWidget

from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import Refusal
from mentorship.pages.desk.watching import Change, Pair, Teller, changes, digest, look, newest_notice, told_since
from mentorship.people.models import User
from notifications.models import Notification
from notifications.services import notify
from packs.models import SessionPack

REASON_MAX = 250


class DeskForm(forms.Form):
    """What a verb asks besides its reason. `case` is what it is about."""

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        self.case = case
        super().__init__(*args, **kwargs)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_MAX,
        label="Why",
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept with the change; both of them read it.",
    )


@dataclass(frozen=True)
class Case:
    """What a verb is about: one row, in words, and the two people (the student may be nobody yet)."""

    row: Any
    mentor: User
    student: User | None
    title: str
    pack: SessionPack | None = None
    notes: tuple[str, ...] = ()

    @property
    def pair(self) -> Pair:
        return Pair(self.student.pk if self.student else None, self.mentor.pk)


@dataclass(frozen=True)
class Deed:
    """One run: what was asked for, by whom, why, at which instant."""

    case: Case
    said: dict[str, Any]
    by: User
    reason: str
    now: datetime

    def tell_both(self, what: str, url: str = "") -> None:
        """Tell the two people in one sentence what support has done, where the use-case itself tells nobody."""
        case = self.case
        key = f"support_change:{uuid4()}"
        for person, role in ((case.student, "student"), (case.mentor, "mentor")):
            if person is None:
                continue
            notify(
                "support_change",
                recipient=person,
                about=f"pack:{case.pack.pk}" if case.pack else f"pair:{case.pair.student_id}:{case.pair.mentor_id}",
                dedupe_key=f"{key}:{role}",
                now=self.now,
                role=role,
                what_happened=f"{what[:1].upper()}{what[1:]}.",
                student_name=case.student.display_name if case.student else "",
                mentor_name=case.mentor.display_name,
                reason=self.reason,
                url=url or (case.pack.get_absolute_url() if case.pack else _room(role)),
            )


def _room(role: str) -> str:
    return "/student/mentorship" if role == "student" else "/tutor/mentorship"


@dataclass(frozen=True)
class Verb:
    """A repairing verb. `act` makes the one service call, and returns the sentence that is shown afterwards."""

    slug: str
    title: str
    does: str
    permission: str
    find: Callable[[str], Case]
    act: Callable[[Deed], str]
    form: type[DeskForm] = DeskForm
    button: Callable[[dict[str, Any]], str] | None = None
    picks_a_time: bool = False  # then the mentor's next free times stand there to choose from

    def press(self, said: dict[str, Any]) -> str:
        """The words on the button that does it."""
        return self.button(said) if self.button else self.title

    @property
    def asks(self) -> bool:
        return bool(self.form.base_fields)


@dataclass(frozen=True)
class Outcome:
    done: str
    changes: list[Change] = field(default_factory=list)
    told: list[Notification] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return digest(self.changes, self.told)

    @property
    def sentences(self) -> list[str]:
        return list(dict.fromkeys(change.words for change in self.changes))


def preview(verb: Verb, deed: Deed, zone: Any) -> Outcome:
    """What the verb would do right now. Nothing of it stays. Raises Refusal as the verb does."""
    with transaction.atomic():
        outcome = _run(verb, deed, zone)
        transaction.set_rollback(True)
    return outcome


@transaction.atomic
def commit(verb: Verb, deed: Deed, zone: Any, *, expect: str) -> Outcome:
    """Do it, if it does what was shown (`expect`). Kept with name and reason. Raises Refusal, `answer_changed`."""
    outcome = _run(verb, deed, zone)
    if expect != outcome.digest:
        raise Refusal("answer_changed", "Meanwhile something has changed. Please read again what it would do.")
    if not outcome.changes:
        raise Refusal("wrong_state", "Nothing would change by it.")
    said = f"Support desk, {verb.title.lower()}: {' '.join(outcome.sentences)} Why: {deed.reason}"
    row = type(deed.case.row)._default_manager.filter(pk=deed.case.row.pk)
    LogEntry.objects.log_actions(deed.by.pk, row, CHANGE, said, single_object=True)
    return outcome


def _run(verb: Verb, deed: Deed, zone: Any) -> Outcome:
    pair, teller = deed.case.pair, Teller(zone, deed.now)
    lock_people(pair.people)
    before, newest = look(pair), newest_notice()
    done = verb.act(deed)
    concerned = [*pair.people, *([deed.said["student"].pk] if deed.said.get("student") else [])]
    return Outcome(done, changes(before, look(pair), teller), told_since(newest, concerned))
