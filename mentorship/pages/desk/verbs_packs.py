"""The desk's verbs about packs: credits, expiry, pauses, booking out of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from mentorship.kernel import local_time
from mentorship.kernel.refusals import NotFound
from mentorship.pages.desk.moments import moment_field
from mentorship.pages.desk.verb import Case, Deed, DeskForm, Verb
from packs.models import Pause, SessionPack
from packs.services import adjust_credits, resume
from packs.services.repairing import move_expiry, remark
from payments.services.keeping import hold_for_the_rest
from seats.services import take_seat
from sessions_app.services import book

MOST_CREDITS = 100


def number(text: str) -> int:
    """An id out of an address. Raises NotFound for what is none."""
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise NotFound
    return int(text)


def words(deed: Deed, moment: datetime) -> str:
    """For sentences that both read: in the mentor's zone, which is named, since they may live in two."""
    return f"{local_time.words(moment, deed.case.mentor.zone, now=deed.now)} ({local_time.city(deed.case.mentor.zone)})"


def case_of_pack(pack: SessionPack, row: Any = None) -> Case:
    title = f"“{pack.title}” of {pack.student.display_name} with {pack.mentor.display_name}"
    return Case(row or pack, pack.mentor, pack.student, title, pack)


def find_pack(target: str) -> Case:
    pack = SessionPack.objects.select_related("student", "mentor__mentor_profile").filter(pk=number(target)).first()
    if pack is None:
        raise NotFound
    return case_of_pack(pack)


class CreditsForm(DeskForm):
    delta = forms.IntegerField(
        min_value=-MOST_CREDITS,
        max_value=MOST_CREDITS,
        widget=UnfoldAdminIntegerFieldWidget,
        label="Credits",
        help_text="Positive gives, negative takes free ones.",
    )

    def clean_delta(self) -> int:
        if not self.cleaned_data["delta"]:
            raise forms.ValidationError("How many?")
        return self.cleaned_data["delta"]


def _count(n: int) -> str:
    return f"{n} session{'' if n == 1 else 's'}"


def _credits(deed: Deed) -> str:
    delta, pack = deed.said["delta"], deed.case.row
    adjust_credits(pack_id=pack.pk, delta=delta, by=deed.by, reason=deed.reason, now=deed.now)
    done = f"{_count(abs(delta))} {'given' if delta > 0 else 'taken back'}"
    deed.tell_both(f"{done} in “{pack.title}”")
    return f"{done[:1].upper()}{done[1:]}."


class ExpiryForm(DeskForm):
    expires_at = moment_field("New expiry", "A session has to start before it. What is booked keeps its time.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expires_at"].initial = self.case.row.expires_at


def _expiry(deed: Deed) -> str:
    moment, pack = deed.said["expires_at"], deed.case.row
    opens_again = pack.takes_seat and pack.status_at(deed.now) == SessionPack.Status.EXPIRED
    if opens_again:
        # It is to be open again, and lives by a seat.
        pair = {"student_id": pack.student_id, "mentor_id": pack.mentor_id}
        take_seat(**pair, by=deed.by, reason=deed.reason, now=deed.now)
    move_expiry(pack_id=deed.case.row.pk, expires_at=moment, by=deed.by, reason=deed.reason, now=deed.now)
    if opens_again:
        hold_for_the_rest(pack.student_id, pack.mentor_id, by=deed.by, now=deed.now)
    deed.tell_both(f"“{deed.case.row.title}” is valid until {words(deed, moment)}")
    return "The expiry is moved."


def find_pause(target: str) -> Case:
    rows = Pause.objects.select_related("pack__student", "pack__mentor__mentor_profile")
    pause = rows.filter(pk=number(target)).first()
    if pause is None:
        raise NotFound
    return case_of_pack(pause.pack, pause)


def _resume(deed: Deed) -> str:
    resume(pause_id=deed.case.row.pk, by=None, now=deed.now)  # by nobody: it tells both of them
    assert deed.case.pack is not None
    remark(deed.case.pack, f"the pause ended: {deed.reason}", by=deed.by, now=deed.now)
    return "The pause is over."


class BookForm(DeskForm):
    starts_at = moment_field("Starts at", "In your zone. It has to be one of the mentor’s free times.")
    side = forms.ChoiceField(
        label="On behalf of",
        choices=[("student", "the student"), ("mentor", "the mentor")],
        widget=forms.RadioSelect,
        initial="student",
    )
    agenda = forms.CharField(
        max_length=2000,
        required=False,
        label="What shall they talk about?",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


def side_of(deed: Deed) -> Any:
    return deed.case.mentor if deed.said["side"] == "mentor" else deed.case.student


def _book(deed: Deed) -> str:
    case, said = deed.case, deed.said
    session = book(
        student=case.student,
        mentor_id=case.mentor.pk,
        pack_id=case.row.pk,
        starts_at=said["starts_at"],
        agenda=said["agenda"],
        by=deed.by,
        now=deed.now,
    )
    remark(case.row, f"booked for {side_of(deed).first_name}: {deed.reason}", by=deed.by, now=deed.now)
    return f"Booked: {words(deed, session.starts_at)}."


VERBS = (
    Verb(
        "credits",
        "Give or take credits",
        "An entry with your name and reason explains it on the statement that both of them read.",
        "packs.change_sessionpack",
        find_pack,
        _credits,
        CreditsForm,
        lambda said: f"{'Give' if said['delta'] > 0 else 'Take'} {_count(abs(said['delta']))}",
    ),
    Verb(
        "expiry",
        "Move the expiry",
        "To any day ahead. A pack that has just expired is open again, if a seat is free. A line on the statement says why.",
        "packs.change_sessionpack",
        find_pack,
        _expiry,
        ExpiryForm,
    ),
    Verb(
        "resume",
        "End the pause",
        "The pack can be used again at once; its expiry moves by the time that the pause took.",
        "packs.change_pause",
        find_pause,
        _resume,
    ),
    Verb(
        "book",
        "Book a session",
        "Out of this pack, by the rules that count for the two; both get it in their calendars.",
        "sessions_app.change_session",
        find_pack,
        _book,
        BookForm,
        lambda said: "Book it",
        picks_a_time=True,
    ),
)
