"""Same key and body, same answer; same key and another body is refused; concurrent twins book once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from sessions_app.models import Session
from tests import cast
from tests.api.client import Caller, refused
from tests.cast import at

pytestmark = pytest.mark.django_db


def test_a_replay_is_the_same_to_the_letter(as_sam, mia, pack):
    body = {"mentorId": mia.pk, "scheduledAt": at(2), "agenda": "Tests first"}
    first, again = (as_sam.post("sessions/book", key="one", **body) for _ in range(2))
    assert (first.status_code, first.content) == (201, again.content)
    assert again.status_code == 201
    assert cast.counters(pack) == (4, 1, 0)


def test_the_same_time_written_differently_is_the_same_body(as_sam, mia, pack):
    first = as_sam.post("sessions/book", key="one", mentorId=mia.pk, scheduledAt="2026-06-03T10:00:00Z")
    again = as_sam.post("sessions/book", key="one", mentorId=str(mia.pk), scheduledAt="2026-06-03T12:00:00+02:00")
    assert again.content == first.content


def test_another_body_under_the_same_key_is_refused(as_sam, mia, pack):
    as_sam.post("sessions/book", key="one", mentorId=mia.pk, scheduledAt=at(2))
    refused(as_sam.post("sessions/book", key="one", mentorId=mia.pk, scheduledAt=at(3)), 422, "key_reused")
    assert cast.counters(pack) == (4, 1, 0)


def test_a_refusal_is_not_remembered(as_sam, sam, mia):
    body = {"mentorId": mia.pk, "scheduledAt": at(2)}
    refused(as_sam.post("sessions/book", key="one", **body), 409, "no_active_pack")
    cast.bought(sam, mia)
    assert as_sam.post("sessions/book", key="one", **body).status_code == 201


def test_two_people_may_choose_the_same_key(as_sam, sue, mia, pack):
    cast.bought(sue, mia)
    assert as_sam.post("sessions/book", key="one", mentorId=mia.pk, scheduledAt=at(2)).status_code == 201
    assert Caller(sue).post("sessions/book", key="one", mentorId=mia.pk, scheduledAt=at(3)).status_code == 201


def test_without_a_key_the_second_is_judged_by_itself(as_sam, mia, pack):
    body = {"mentorId": mia.pk, "scheduledAt": at(2)}
    assert as_sam.post("sessions/book", **body).status_code == 201
    refused(as_sam.post("sessions/book", **body), 409, "slot_unavailable")


@pytest.mark.django_db(transaction=True)
def test_twins_at_the_same_moment_book_once_and_hear_the_same(sam, mia):
    pack = cast.bought(sam, mia)

    def send(caller: Caller) -> tuple[int, bytes]:
        try:
            answer = caller.post("sessions/book", key="twin", mentorId=mia.pk, scheduledAt=at(2))
            return answer.status_code, answer.content
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(send, [Caller(sam) for _ in range(4)]))
    assert len(answers) == 1
    assert answers.pop()[0] == 201
    assert Session.objects.filter(pack=pack).count() == 1
