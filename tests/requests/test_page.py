"""`/mentorship/requests/<id>`: what each side sees and does, what stands before the click, and tabs that are stale."""

from __future__ import annotations

import re

import pytest

from mentorship.kernel import clock
from mentorship.people.models import MentorProfile
from notifications.models import Notification
from seats.models import Seat
from sessions_app.models import BookingRequest, Session
from sessions_app.services import approve, book, reject, suggest, withdraw_request
from tests import cast
from tests.cast import DAY, HOUR, NOW, at, bought
from tests.requests.scene import ask, url
from tests.rooms.scene import words

pytestmark = pytest.mark.django_db
Status = BookingRequest.Status


def told(person):
    return list(Notification.objects.filter(recipient=person).order_by("pk").values_list("kind", flat=True))


def test_the_mentor_reads_what_a_yes_keeps(as_, mia, sam):
    asked = ask(sam, mia, 4, 5, message="My tests are slow")
    page = words(as_(mia).get(url(asked)))
    assert "Waits for you · 48 h left Sam asks for “Code review” 60 min · €70" in page
    assert "My tests are slow" in page
    assert page.count("Sam pays €70 by tomorrow at 12:00") == 2
    assert "A yes keeps that time for Sam until it is paid" in page


def test_the_payment_s_deadline_is_the_time_s_own(as_, at_, mia, sam):
    asked = ask(sam, mia, 2)
    at_(at(1, 12))
    assert "Sam pays €70 by tomorrow at 09:00" in words(as_(mia).get(url(asked)))


def test_a_yes_to_one_time(as_, mia, sam):
    asked = ask(sam, mia, 4, 5)
    answer = as_(mia).post(url(asked, "approval"), {"scheduledAt": clock.iso(at(5)), "notes": "Bring code"})
    assert answer.url == url(asked)
    assert Session.objects.get().starts_at == at(5)
    assert "Sam has until tomorrow at 12:00 to pay." in words(as_(mia).get(url(asked)))
    page = as_(sam).get(url(asked))
    assert "Saturday, 10:00 is kept for you" in words(page)
    assert "“Bring code”" in words(page)
    assert f'href="/checkout/requests/{asked.pk}">Pay €70' in page.content.decode()


def test_a_yes_to_a_pack_without_times(as_, mia, sam):
    asked = ask(sam, mia, sessions=4)
    page = words(as_(mia).get(url(asked)))
    assert "Sam has left the first time open" in page
    assert "A yes keeps one of your seats for Sam" in page
    assert as_(mia).post(url(asked, "approval"), {"notes": ""}).status_code == 302
    assert Seat.objects.get().status == Seat.Status.HELD
    assert "A seat is kept for you" in words(as_(sam).get(url(asked)))


def test_a_full_mentor_is_warned_and_refused(as_, mia, sam):
    asked = ask(sam, mia, 4, sessions=4)
    mia.mentor_profile.max_active_students = 0
    mia.mentor_profile.save()
    assert "All your seats are taken." in words(as_(mia).get(url(asked)))
    answer = as_(mia).post(url(asked, "approval"), {"scheduledAt": clock.iso(at(4))})
    assert answer.status_code == 409
    assert not Session.objects.exists()


def test_what_stands_against_a_time_is_said(as_, mia, sam, sue):
    asked = ask(sam, mia, 4, 5)
    ask(sue, mia, 5, offer=asked.offering)
    bought(sue, mia)
    book(student=sue, mentor_id=mia.pk, starts_at=at(4), by=sue, now=NOW)
    page = as_(mia).get(url(asked))
    assert "Fri 5 Jun, 10:00 not free any more" in words(page)
    assert "Sue asks for it, too" in words(page)
    assert re.search(r'value="2026-06-05T10:00:00Z" required disabled', page.content.decode())
    assert "Sue asks" not in words(as_(sam).get(url(asked))), "the other's wish is nobody's but the mentor's"


def test_a_time_taken_meanwhile_is_refused_politely(as_, mia, sam, sue):
    asked = ask(sam, mia, 4)
    bought(sue, mia)
    book(student=sue, mentor_id=mia.pk, starts_at=at(4), by=sue, now=NOW)
    answer = as_(mia).post(url(asked, "approval"), {"scheduledAt": clock.iso(at(4)), "notes": "Fine"})
    assert answer.status_code == 409
    assert "This time is not free any more." in words(answer)
    assert ">\nFine</textarea>" in answer.content.decode()
    assert "Suggest others." in words(answer)


def test_no_needs_its_reason(as_, mia, sam):
    asked = ask(sam, mia, 4)
    assert "has paid nothing, is told at once and reads your reason" in words(as_(mia).get(url(asked, "rejection")))
    for empty in ({}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": "a\0b"}):
        assert as_(mia).post(url(asked, "rejection"), empty).status_code == 422
    assert as_(mia).post(url(asked, "rejection"), {"reason": "I am away."}).status_code == 302
    page = words(as_(sam).get(url(asked)))
    assert "Mia said no, today at 12:00." in page and "“I am away.”" in page and "Nothing was charged." in page


def test_other_times_out_of_the_mentor_s_week(as_, mia, sam):
    asked = ask(sam, mia, 4)
    browser = as_(mia)
    page = browser.get(url(asked, "suggestion"))
    assert clock.iso(at(1, 12)) in page.content.decode()
    go = browser.post(url(asked, "suggestion"), {"at": clock.iso(at(3)), "notes": "Better?", "week": "2026-06-08"})
    page = browser.get(go.url)
    assert "Chosen in other weeks Thu 4 Jun, 10:00" in words(page) and "Better?" in page.content.decode()
    assert browser.post(url(asked, "suggestion"), {"notes": "x"}).status_code == 422
    form = {"at": [clock.iso(at(3)), clock.iso(at(8))], "notes": "Better?"}
    assert browser.post(url(asked, "suggestion"), form).status_code == 302
    assert "You suggested Thu 4 Jun, 10:00 or Tue 9 Jun, 10:00" in words(browser.get(url(asked)))


def test_the_suggestion_leaves_out_the_student_s_own_sessions(as_, mia, max_, sam):
    asked = ask(sam, mia, 4)
    bought(sam, max_)
    book(student=sam, mentor_id=max_.pk, starts_at=at(3), by=sam, now=NOW)
    assert clock.iso(at(3)) not in as_(mia).get(url(asked, "suggestion")).content.decode()


def test_the_student_takes_a_suggested_time(as_, mia, sam):
    asked = ask(sam, mia, 4)
    suggest(request_id=asked.pk, by=mia, times=[at(5), at(6)], notes="Better?", now=NOW)
    page = words(as_(sam).get(url(asked)))
    assert "Mia suggests another time" in page and "“Better?”" in page
    assert "Pay €70 by tomorrow at 12:00" in page
    assert as_(sam).post(url(asked, "acceptance"), {}).status_code == 422
    answer = as_(sam).post(url(asked, "acceptance"), {"scheduledAt": clock.iso(at(6))}, follow=True)
    assert "This time is kept for you. Pay by tomorrow at 12:00." in words(answer)
    assert Session.objects.get().starts_at == at(6)
    assert "suggestion_accepted" in told(mia)


def test_a_suggestion_that_changed_meanwhile_is_refused(as_, mia, sam):
    asked = ask(sam, mia, 4)
    suggest(request_id=asked.pk, by=mia, times=[at(5)], now=NOW)
    suggest(request_id=asked.pk, by=mia, times=[at(6)], now=NOW)
    answer = as_(sam).post(url(asked, "acceptance"), {"scheduledAt": clock.iso(at(5))})
    assert answer.status_code == 422
    assert "Sun 7 Jun, 10:00" in words(answer)
    assert not Session.objects.exists()


def test_taking_it_back_says_what_that_does(as_, mia, sam):
    asked = ask(sam, mia, 4)
    page = words(as_(sam).get(url(asked, "withdrawal")))
    assert "Mia has not answered yet. Nothing is kept for you and nothing was paid." in page
    assert as_(sam).post(url(asked, "withdrawal"), {"expect": "waiting"}).status_code == 302
    asked.refresh_from_db()
    assert asked.status == Status.WITHDRAWN
    assert "request_withdrawn" in told(mia)
    assert "request_submitted" not in list(
        Notification.objects.shown().filter(recipient=mia).values_list("kind", flat=True)
    )


def test_taking_back_what_was_approved_meanwhile_asks_again(as_, mia, sam):
    asked = ask(sam, mia, 4)
    approve(request_id=asked.pk, by=mia, now=NOW)
    answer = as_(sam).post(url(asked, "withdrawal"), {"expect": "waiting"})
    assert answer.status_code == 409
    assert "Mia has said yes: your time would be free for others at once." in words(answer)
    asked.refresh_from_db()
    assert asked.status == Status.APPROVED
    assert as_(sam).post(url(asked, "withdrawal"), {"expect": "kept"}).status_code == 302
    assert Session.objects.get().status == Session.Status.CANCELLED


STALE = [
    ("approval", {"scheduledAt": clock.iso(at(4))}),
    ("rejection", {"reason": "no"}),
    ("suggestion", {"at": clock.iso(at(5))}),
]


@pytest.mark.parametrize(("verb", "form"), STALE)
def test_a_stale_tab_of_the_mentor_is_refused_politely(as_, mia, sam, verb, form):
    asked = ask(sam, mia, 4)
    withdraw_request(request_id=asked.pk, by=sam, now=NOW)
    answer = as_(mia).post(url(asked, verb), form)
    assert answer.status_code == 409
    assert "This request is withdrawn." in words(answer)
    assert not Session.objects.exists()


def test_the_same_answer_twice_is_one(as_, mia, sam):
    asked = ask(sam, mia, 4)
    for _ in range(2):
        assert as_(mia).post(url(asked, "approval"), {"scheduledAt": clock.iso(at(4))}).status_code == 302
    assert Session.objects.count() == 1
    assert told(sam).count("request_approved") == 1


def test_it_is_expired_as_read(as_, at_, mia, sam):
    asked = ask(sam, mia, 10)
    at_(NOW + 48 * HOUR)
    assert "Not answered in time, today at 12:00." in words(as_(sam).get(url(asked)))
    answer = as_(mia).post(url(asked, "approval"), {"scheduledAt": clock.iso(at(10))})
    assert (answer.status_code, "This request is expired." in words(answer)) == (409, True)
    assert as_(sam).get(url(asked, "withdrawal")).status_code == 200


def test_unpaid_in_time_it_is_expired_as_read(as_, at_, mia, sam):
    asked = ask(sam, mia, 10)
    approve(request_id=asked.pk, by=mia, now=NOW)
    at_(NOW + DAY)
    page = as_(sam).get(url(asked))
    assert "Not paid in time" in words(page)
    assert "/checkout/requests/" not in page.content.decode()


def test_each_side_has_its_verbs(as_, mia, sam, otto):
    asked = ask(sam, mia, 4)
    for verb in ("approval", "rejection", "suggestion"):
        assert as_(sam).post(url(asked, verb), {"reason": "x", "scheduledAt": clock.iso(at(4))}).status_code == 403
    for verb in ("acceptance", "withdrawal"):
        assert as_(mia).post(url(asked, verb), {"scheduledAt": clock.iso(at(4))}).status_code == 403
    for verb in ("", "rejection", "suggestion", "withdrawal"):
        assert as_(otto).get(url(asked, verb)).status_code == 404
    assert as_(mia).get(url(asked, "approval")).status_code == 405


def test_an_ended_request_leads_on(as_, mia, sam):
    asked = ask(sam, mia, 4)
    reject(request_id=asked.pk, by=mia, reason="no", now=NOW)
    assert asked.offering.get_absolute_url() in as_(sam).get(url(asked)).content.decode()
    asked.offering.archived_at = NOW
    asked.offering.save()
    assert asked.offering.get_absolute_url() not in as_(sam).get(url(asked)).content.decode()
    assert f"/schedule/offer?request={asked.pk}" in as_(mia).get(url(asked)).content.decode()


def test_queries_do_not_grow(as_, mia, sam, django_assert_max_num_queries):
    asked = ask(sam, mia, 4, 5, 6)
    for n in range(5):
        ask(cast.user(f"s{n}"), mia, 4, 5, offer=asked.offering)
    for browser in (as_(mia), as_(sam)):
        with django_assert_max_num_queries(9):
            browser.get(url(asked))


def test_a_yes_names_the_time(as_, mia, sam):
    asked = ask(sam, mia, 4, 5)
    answer = as_(mia).post(url(asked, "approval"), {"notes": "Gladly"})
    assert answer.status_code == 422
    assert "Please choose a time." in words(answer)
    assert "Gladly" in words(answer)
    asked.refresh_from_db()
    assert asked.status == "PENDING_MENTOR_REVIEW"


def test_no_yes_where_no_time_is_left(as_, mia, sam, sue):
    asked = ask(sam, mia, 4)
    assert "Say yes" in words(as_(mia).get(url(asked)))
    bought(sue, mia)
    book(student=sue, mentor_id=mia.pk, starts_at=at(4), by=sue, now=NOW)
    page = words(as_(mia).get(url(asked)))
    assert "None of these times is free any more." in page
    assert "Say yes" not in page


@pytest.mark.parametrize("days", [[], [4, 5]])
def test_no_yes_from_a_mentor_who_is_not_verified_any_more(as_, mia, sam, days):
    asked = ask(sam, mia, *days, sessions=1 if days else 4)
    MentorProfile.objects.update(verified_at=None)
    answer = as_(mia).get(url(asked))
    page = words(answer)
    assert "You are not verified at the moment. So what you approve could not be paid" in page
    assert "Say yes" not in page and url(asked, "approval") not in answer.content.decode()
    assert "A yes keeps" not in page and "custom offer" not in page
    assert "Suggest other times Say no" in page
    assert ("Fri 5 Jun, 10:00" if days else "has left the first time open") in page
    assert as_(mia).post(url(asked, "rejection"), {"reason": "I am leaving"}).status_code == 302


def test_no_time_is_taken_of_a_mentor_who_is_not_verified_any_more(as_, mia, sam):
    asked = suggest(request_id=ask(sam, mia, 4).pk, by=mia, times=[at(6)], now=NOW)
    assert "Take this time" in words(as_(sam).get(url(asked)))
    MentorProfile.objects.update(verified_at=None)
    page = words(as_(sam).get(url(asked)))
    assert "Mia takes no payments at the moment" in page
    assert "Take this time" not in page and "kept for you" not in page
    assert "Sun 7 Jun, 10:00" in page and "Take the request back" in page


@pytest.mark.parametrize("days", [[], [3]])
def test_whose_seat_it_is_already_reads_that_it_stays(as_, mia, sam, days):
    bought(sam, mia)
    asked = ask(sam, mia, *days, sessions=4)
    assert "Sam has a seat with you already" in (page := words(as_(mia).get(url(asked))))
    assert "one of your seats" not in page
    assert ("A yes keeps that time" in page) == bool(days)
    assert "Your seat stays yours, and nothing was paid." in words(as_(sam).get(url(asked)))
    approve(request_id=asked.pk, by=mia, now=NOW)
    assert "Sam’s seat stays." in words(as_(mia).get(url(asked)))
    assert ("free for others" in (page := words(as_(sam).get(url(asked))))) == bool(days)
    assert "Your seat stays yours." in page
    mail = Notification.objects.get(kind="request_approved")
    assert "your seat stays yours" in mail.text and "free for others" not in mail.text
