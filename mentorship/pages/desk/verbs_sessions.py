"""The desk's verbs about sessions: move and cancel on behalf of one side, judge one anew, decide a claim."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from mentorship.kernel import local_time
from mentorship.kernel.refusals import NotFound
from mentorship.pages.desk.moments import moment_field
from mentorship.pages.desk.verb import Case, Deed, DeskForm, Verb
from mentorship.pages.desk.verbs_packs import number, side_of, words
from packs.services.repairing import remark
from payments.services.taking_back import take_back_of
from sessions_app.models import Claim, Session, SessionEvent
from sessions_app.services import cancel, decide, overrule
from sessions_app.services.on_behalf import move_for

Outcome = Claim.Outcome


def _session_case(session: Session, row: Any, what: str, *notes: str) -> Case:
    when = local_time.words(session.starts_at, session.mentor.zone)
    title = f"{what} of {when} ({local_time.city(session.mentor.zone)}): {session.student.display_name} with {session.mentor.display_name}"
    return Case(row, session.mentor, session.student, title, session.pack, tuple(note for note in notes if note))


def _evidence(session: Session) -> str:
    entered = session.events.filter(kind=SessionEvent.Kind.ENTERED).select_related("by").order_by("at")
    names = list(dict.fromkeys(event.by.first_name for event in entered if event.by))
    return f"In the room: {' and '.join(names)}." if names else "Nobody entered the room."


def find_session(target: str) -> Case:
    try:
        pk = UUID(target)
    except ValueError:
        raise NotFound from None
    rows = Session.objects.select_related("student", "mentor__mentor_profile", "pack", "purchase")
    session = rows.filter(pk=pk).first()
    if session is None:
        raise NotFound
    return _session_case(session, session, "Session", f"It is {session.get_status_display()}.", _evidence(session))


def find_claim(target: str) -> Case:
    rows = Claim.objects.select_related(
        "by", "session__student", "session__mentor__mentor_profile", "session__pack", "session__purchase"
    )
    claim = rows.filter(pk=number(target)).first()
    if claim is None:
        raise NotFound
    said = f"{claim.by.first_name} says: “{claim.reason}”, and wants: {claim.get_wanted_display()}."
    answer = f"The other side answers: “{claim.answer}”." if claim.answer else "The other side has not answered."
    return _session_case(claim.session, claim, "Claim about the session", said, answer, _evidence(claim.session))


def _side(initial: str = "student") -> forms.ChoiceField:
    return forms.ChoiceField(
        label="On behalf of",
        choices=[("student", "the student"), ("mentor", "the mentor")],
        widget=forms.RadioSelect,
        initial=initial,
        help_text="Whose rules count, and whose wish both of them read.",
    )


class MoveForm(DeskForm):
    starts_at = moment_field("New start", "In your zone. It has to be one of the mentor’s free times.")
    side = _side()
    late = forms.BooleanField(
        required=False,
        label="Even if it is late",
        widget=UnfoldBooleanSwitchWidget,
        help_text="The notice for moving, the mentor’s own and a limit of changes do not count. Both should have agreed.",
    )


def _remark(deed: Deed, text: str) -> None:
    if deed.case.pack is not None:
        remark(deed.case.pack, f"{text}: {deed.reason}", by=deed.by, now=deed.now)


def _move(deed: Deed) -> str:
    moment, side = deed.said["starts_at"], side_of(deed)
    move_for(
        session_id=deed.case.row.pk,
        starts_at=moment,
        by=deed.by,
        on_behalf_of=side,
        rules_count=not deed.said["late"],
        now=deed.now,
    )
    _remark(deed, f"a session moved to {words(deed, moment)} for {side.first_name}")
    return f"Moved to {words(deed, moment)}. Both are told."


class CancelForm(DeskForm):
    side = _side("mentor")


def _cancel(deed: Deed) -> str:
    side = side_of(deed)
    cancel(session_id=deed.case.row.pk, by=deed.by, on_behalf_of=side, reason=deed.reason, now=deed.now)
    _remark(deed, f"a session cancelled for {side.first_name}")
    return "Cancelled. Both are told."


def _money_follows(session: Session, deed: Deed) -> None:
    """What was released for it is pending again, at once: the job would do the same within the hour."""
    if session.purchase is not None and session.purchase.order_id is not None:
        take_back_of(session.purchase.order_id, deed.now)


class VerdictForm(DeskForm):
    outcome = forms.ChoiceField(label="It counts as", choices=Outcome.choices, widget=UnfoldAdminSelectWidget)


def _verdict(deed: Deed) -> str:
    outcome = deed.said["outcome"]
    overrule(session_id=deed.case.row.pk, outcome=outcome, by=deed.by, reason=deed.reason, now=deed.now)
    _money_follows(deed.case.row, deed)
    label = Outcome(outcome).label
    deed.tell_both(
        f"the session of {words(deed, deed.case.row.starts_at)} counts as: {label}", deed.case.row.get_absolute_url()
    )
    return f"It counts as: {label}."


class ClaimForm(DeskForm):
    uphold = forms.ChoiceField(
        label="Decision",
        choices=[("yes", "for the claim"), ("no", "against it: it stays as it was")],
        widget=forms.RadioSelect,
    )
    outcome = forms.ChoiceField(
        label="If for it, the session counts as",
        choices=Outcome.choices,
        widget=UnfoldAdminSelectWidget,
        help_text="What was wanted is chosen; you may decide otherwise.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"].initial = self.case.row.wanted


def _decide(deed: Deed) -> str:
    uphold = deed.said["uphold"] == "yes"
    decide(
        claim_id=deed.case.row.pk,
        uphold=uphold,
        outcome=deed.said["outcome"] if uphold else "",
        by=deed.by,
        reason=deed.reason,
        now=deed.now,
    )
    _money_follows(deed.case.row.session, deed)
    return "Decided. Both are told."


VERBS = (
    Verb(
        "move",
        "Move a session",
        "On behalf of one of the two. Both get the new time in their calendars.",
        "sessions_app.change_session",
        find_session,
        _move,
        MoveForm,
        lambda said: "Move it",
        picks_a_time=True,
    ),
    Verb(
        "cancel",
        "Cancel a session",
        "As if that side had cancelled: a student who is late loses the session, a mentor never costs one.",
        "sessions_app.change_session",
        find_session,
        _cancel,
        CancelForm,
        lambda said: "Cancel it",
    ),
    Verb(
        "verdict",
        "Judge a session anew",
        "What it counts as decides about credit, grace and the mentor’s share.",
        "sessions_app.change_session",
        find_session,
        _verdict,
        VerdictForm,
        lambda said: f"It counts as: {Outcome(said['outcome']).label}",
    ),
    Verb(
        "claim",
        "Decide a claim",
        "The pack runs on afterwards; the mentor’s share is released or not by what you decide.",
        "sessions_app.change_claim",
        find_claim,
        _decide,
        ClaimForm,
        lambda said: "Decide for the claim" if said["uphold"] == "yes" else "Decide against the claim",
    ),
)
