"""The desk's verbs about seats and sales: the end of a grace, a seat given or released, sales that go on."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from unfold.widgets import UnfoldAdminEmailInputWidget

from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.desk.moments import moment_field
from mentorship.pages.desk.verb import Case, Deed, DeskForm, Verb
from mentorship.pages.desk.verbs_packs import number, words
from mentorship.people.models import MentorProfile, User
from notifications.services import notify
from packs.models import SessionPack
from packs.services.repairing import remark
from seats.models import Seat
from seats.services import release_seat
from seats.services.repairing import move_grace, offer_seat


def find_seat(target: str) -> Case:
    rows = Seat.objects.select_related("student", "mentor__mentor_profile")
    seat = rows.filter(pk=number(target)).first()
    if seat is None:
        raise NotFound
    title = f"Seat {seat.number} of {seat.student.display_name} with {seat.mentor.display_name}"
    return Case(seat, seat.mentor, seat.student, title, _pack_on(seat))


def _pack_on(seat: Seat) -> SessionPack | None:
    """The pack on whose statement a line about the seat belongs: the newest that takes it."""
    packs = SessionPack.objects.filter(student=seat.student_id, mentor=seat.mentor_id, takes_seat=True)
    return packs.order_by("-created_at", "-pk").first()


def _remark(deed: Deed, text: str) -> None:
    if deed.case.pack is not None:
        remark(deed.case.pack, f"{text}: {deed.reason}", by=deed.by, now=deed.now)


class GraceForm(DeskForm):
    ends_at = moment_field("Kept until", "Until then the student can renew and keep the seat.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ends_at"].initial = self.case.row.grace_ends_at


def _grace(deed: Deed) -> str:
    moment = deed.said["ends_at"]
    move_grace(seat_id=deed.case.row.pk, ends_at=moment, by=deed.by, reason=deed.reason, now=deed.now)
    _remark(deed, f"the seat is kept until {words(deed, moment)}")
    deed.tell_both(f"the seat is kept until {words(deed, moment)}")
    return "The end of the grace is moved."


def _release(deed: Deed) -> str:
    seat = release_seat(seat_id=deed.case.row.pk, by=deed.by, reason=deed.reason, now=deed.now)
    _remark(deed, "the seat was released")
    for person, role in ((deed.case.student, "student"), (deed.case.mentor, "mentor")):
        notify(
            "seat_released",
            recipient=person,  # type: ignore[arg-type]
            about=f"seat:{seat.pk}",
            dedupe_key=f"seat_released:{seat.pk}:{role}",
            now=deed.now,
            role=role,
            mentor_name=deed.case.mentor.display_name,
            student_name=seat.student.display_name,
            reason=deed.reason,
            url=deed.case.mentor.mentor_profile.get_absolute_url() if role == "student" else "/tutor/seats",
        )
    return f"Seat {seat.number} is released."


def find_mentor(target: str) -> Case:
    profile = MentorProfile.objects.select_related("user").filter(user=number(target)).first()
    if profile is None:
        raise NotFound
    return Case(profile, profile.user, None, profile.user.display_name)


class GiveForm(DeskForm):
    email = forms.EmailField(
        max_length=254,
        label="To whom (email)",
        widget=UnfoldAdminEmailInputWidget,
        help_text="Somebody with an account. Who has none is invited by the mentor, or gets a pack by “Record money”.",
    )
    student: User

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        owner = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
        found = owner.user if owner else User.objects.filter(email__iexact=email).first()
        if found is None:
            raise forms.ValidationError("There is no account with this address.")
        self.student = found
        return email

    def clean(self) -> dict[str, Any]:
        return (super().clean() or self.cleaned_data) | {"student": getattr(self, "student", None)}


def _give(deed: Deed) -> str:
    student = deed.said["student"]
    lock_people([student.pk, deed.case.mentor.pk])
    seat = offer_seat(student=student, mentor_id=deed.case.mentor.pk, by=deed.by, reason=deed.reason, now=deed.now)
    assert seat.held_until is not None
    return f"Seat {seat.number} is offered to {student.display_name} until {words(deed, seat.held_until)}."


def _sell(deed: Deed) -> str:
    profiles = MentorProfile.objects.filter(user=deed.case.mentor, sales_paused_at__isnull=False)
    if not profiles.update(sales_paused_at=None, ignored_requests=0):
        raise Refusal("wrong_state", "Sales are not paused.")
    deed.tell_both("your offerings can be bought again", "/tutor/mentorship/schedule")
    return "Sales go on."


VERBS = (
    Verb(
        "grace",
        "Move the end of the grace",
        "Earlier or later than usual; the seat goes to the next person after it.",
        "seats.change_seat",
        find_seat,
        _grace,
        GraceForm,
    ),
    Verb(
        "release",
        "Release the seat",
        "It is free for the next person at once. Credits and sessions stay as they are.",
        "seats.change_seat",
        find_seat,
        _release,
    ),
    Verb(
        "give",
        "Give a seat",
        "A free seat is offered to one person now, past the waiting list, and kept for them so that they can buy a pack with it.",
        "seats.change_seat",
        find_mentor,
        _give,
        GiveForm,
        lambda said: f"Offer the seat to {said['student'].first_name}",
    ),
    Verb(
        "sell",
        "Let sales go on",
        "They were paused because requests went without an answer. The count begins anew.",
        "people.change_mentorprofile",
        find_mentor,
        _sell,
    ),
)
