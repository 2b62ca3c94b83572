"""The line itself: who may join, in which order, and what leaving does."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.models import MentorProfile
from notifications.models import Notification
from seats.jobs import pass_on_seats, sweep_seats
from seats.models import Seat, WaitingPlace
from seats.services import availability, hold_seat, leave, place_with, places_of
from tests import cast
from tests.cast import DAY, HOUR, NOW, bought
from tests.seats.scene import full_house, lapse, passes, place, seat_of, statuses, told, waits

pytestmark = pytest.mark.django_db


def refused(code: str, call, *args, **how) -> Refusal:
    with pytest.raises(Refusal) as answer:
        call(*args, **how)
    assert answer.value.code == code
    return answer.value


def test_first_come_first_served_and_late_payers_before_them(sam, sue, otto):
    tove, _ = full_house()
    waits(sam, tove)
    waits(sue, tove, NOW + HOUR)
    waits(otto, tove, NOW + 2 * HOUR, paid_too_late=True)
    assert [place_with(who, tove.pk, NOW).position for who in (otto, sam, sue)] == [1, 2, 3]
    assert availability(tove.pk, NOW).waiting == 3
    leave(student=sam, mentor_id=tove.pk, now=NOW + 3 * HOUR)
    assert [place_with(who, tove.pk, NOW).position for who in (otto, sue)] == [1, 2]


def test_joining_twice_keeps_the_place(sam, sue):
    tove, _ = full_house()
    first = waits(sam, tove)
    waits(sue, tove, NOW + HOUR)
    assert waits(sam, tove, NOW + 2 * HOUR).pk == first.pk
    assert place_with(sam, tove.pk, NOW).position == 1


def test_who_waited_and_paid_too_late_comes_to_the_head(sam, sue):
    tove, _ = full_house()
    waits(sam, tove)
    waits(sue, tove, NOW + HOUR)
    waits(sue, tove, NOW + 2 * HOUR, paid_too_late=True)
    assert place_with(sue, tove.pk, NOW).position == 1


def test_nobody_waits_for_a_seat_that_can_be_bought(mia, sam):
    assert "free seat" in refused("seat_free", waits, sam, mia).message
    assert not WaitingPlace.objects.exists()


def test_who_has_a_seat_or_pays_for_one_does_not_wait(mia, sam, sue):
    bought(sam, mia)
    refused("wrong_state", waits, sam, mia)
    hold_seat(student_id=sue.pk, mentor_id=mia.pk, until=NOW + HOUR, by=sue, now=NOW)
    refused("wrong_state", waits, sue, mia)
    assert availability(mia.pk, NOW).available == 8  # nobody can keep others out by standing in a line


def test_in_grace_one_keeps_the_seat_and_waits_for_nothing(sam):
    tove, [pack] = full_house()
    Seat.objects.update(status="GRACE", grace_ends_at=NOW + 72 * HOUR)
    waits(sam, tove)
    passes(tove, NOW + 71 * HOUR)
    assert statuses(tove) == {"Sam": "WAITING"}
    refused("wrong_state", waits, pack.student, tove)
    passes(tove, NOW + 72 * HOUR)
    assert statuses(tove) == {"Sam": "OFFERED"}


def test_no_line_where_nobody_new_is_taken(sam, sue):
    tove, _ = full_house()
    with pytest.raises(NotFound):
        waits(sam, sue)
    refused("own_offering", waits, tove, tove)
    MentorProfile.objects.update(accepts_new=False)
    refused("not_for_sale", waits, sam, tove)
    MentorProfile.objects.update(accepts_new=True, sales_paused_at=NOW)
    refused("not_for_sale", waits, sam, tove)
    MentorProfile.objects.update(sales_paused_at=None, verified_at=None)
    with pytest.raises(NotFound):
        waits(sam, tove)


def test_the_seat_that_lapsed_before_anybody_looked_is_not_given_twice(sam):
    """Its row still stands when Sam joins: he is offered number 1, not a second one."""
    tove, [pack] = full_house()
    other = cast.user("tim")
    waits(other, tove)
    pack.expires_at = NOW + DAY
    pack.save()
    waits(sam, tove, NOW + 2 * DAY)
    assert (statuses(tove), seat_of(other, tove).number) == ({"Tim": "OFFERED", "Sam": "WAITING"}, 1)


def test_leaving_and_declining_pass_the_seat_on_at_once(sam, sue, otto):
    tove, [pack] = full_house()
    for hours, who in enumerate((sam, sue, otto)):
        waits(who, tove, NOW + hours * HOUR)
    lapse(pack, NOW + DAY)
    assert place(sam, tove).kept_until == NOW + DAY + 48 * HOUR
    leave(student=sue, mentor_id=tove.pk, now=NOW + DAY)
    leave(student=sam, mentor_id=tove.pk, now=NOW + DAY)
    assert statuses(tove) == {"Sam": "DECLINED", "Sue": "LEFT", "Otto": "OFFERED"}
    assert seat_of(otto, tove).number == 1 and seat_of(sam, tove) is None
    assert "waiting_list_offer" in told(otto)
    leave(student=sam, mentor_id=tove.pk, now=NOW + DAY)  # twice is harmless
    assert statuses(tove)["Otto"] == "OFFERED"


def test_who_means_to_leave_does_not_decline_what_came_meanwhile(sam):
    tove, [pack] = full_house()
    waits(sam, tove)
    lapse(pack, NOW + DAY)
    refused("answer_changed", leave, student=sam, mentor_id=tove.pk, now=NOW + DAY, expect="waiting")
    assert statuses(tove) == {"Sam": "OFFERED"}
    leave(student=sam, mentor_id=tove.pk, now=NOW + DAY, expect="offered")
    assert statuses(tove) == {"Sam": "DECLINED"}


def test_an_offer_that_lapses_goes_on_within_the_minute_and_is_told(sam, sue):
    tove, [pack] = full_house()
    waits(sam, tove)
    waits(sue, tove, NOW + HOUR)
    lapse(pack, NOW + DAY)
    end = NOW + DAY + 48 * HOUR
    assert place_with(sam, tove.pk, end - HOUR / 60) is not None
    assert place_with(sam, tove.pk, end) is None  # judged by its time, not by the job
    assert pass_on_seats(end) == 1
    assert statuses(tove) == {"Sam": "LAPSED", "Sue": "OFFERED"}
    assert told(sam) == ["waiting_list_offer", "waiting_list_lapsed"]
    lapsed = Notification.objects.get(kind="waiting_list_lapsed")
    assert lapsed.title == "The seat with Tove is no longer kept for you"
    assert "join the list again, at its end" in lapsed.text and "next person" not in lapsed.text
    assert pass_on_seats(end) == 0


def test_more_seats_and_an_open_door_are_offered_within_the_minute(sam, sue):
    tove, _ = full_house()
    waits(sam, tove)
    waits(sue, tove, NOW + HOUR)
    profiles = MentorProfile.objects.filter(user=tove)
    profiles.update(accepts_new=False, max_active_students=2)
    assert pass_on_seats(NOW + 2 * HOUR) == 0
    assert availability(tove.pk, NOW).available == 0  # whoever waits comes first
    profiles.update(accepts_new=True)
    assert pass_on_seats(NOW + 3 * HOUR) == 1
    assert statuses(tove) == {"Sam": "OFFERED", "Sue": "WAITING"}


def test_an_offer_nobody_could_take_leaves_the_place_in_the_line(sam, sue):
    """The verification was withdrawn while the offer ran: Sam stands first in line when the mentor comes back."""
    tove, [pack] = full_house()
    waits(sam, tove)
    waits(sue, tove, NOW + HOUR)
    lapse(pack, NOW + DAY)
    MentorProfile.objects.update(verified_at=None)
    sweep_seats(NOW + 4 * DAY)
    assert statuses(tove) == {"Sam": "WAITING", "Sue": "WAITING"}
    assert (place(sam, tove).seat, told(sam)) == (None, ["waiting_list_offer"])
    MentorProfile.objects.update(verified_at=NOW + 5 * DAY)
    pass_on_seats(NOW + 5 * DAY)
    assert statuses(tove) == {"Sam": "OFFERED", "Sue": "WAITING"}


def test_who_closed_the_account_stands_in_nobodys_way(sam, sue):
    tove, [pack] = full_house()
    waits(sam, tove)
    sam.is_active = False
    sam.save()
    assert availability(tove.pk, NOW).waiting == 0
    waits(sue, tove, NOW + HOUR)
    assert place_with(sue, tove.pk, NOW).position == 1
    lapse(pack, NOW + DAY)
    assert statuses(tove) == {"Sam": "WAITING", "Sue": "OFFERED"}


def test_releasing_an_offered_seat_as_an_admin_passes_it_on(sam, sue, otto):
    from seats.services import release_seat

    tove, [pack] = full_house()
    waits(sam, tove)
    waits(sue, tove, NOW + HOUR)
    lapse(pack, NOW + DAY)
    release_seat(seat_id=seat_of(sam, tove).pk, by=otto, reason="a mistake", now=NOW + DAY)
    assert statuses(tove) == {"Sam": "LAPSED", "Sue": "OFFERED"}


def test_several_lines_are_one_query(sam, django_assert_num_queries):
    for name in ("tove", "ada"):
        waits(sam, full_house(name=name)[0])
    with django_assert_num_queries(1):
        assert [(p.mentor.first_name, p.position, p.mentor.mentor_profile.slug) for p in places_of(sam, NOW)] == [
            ("Tove", 1, "tove"), ("Ada", 1, "ada"),
        ]  # fmt: skip
