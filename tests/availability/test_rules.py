from __future__ import annotations

import pytest

from mentorship.people.models import MentorProfile
from sessions_app.slots import check_slot, free_slots, next_free
from tests.cast import DAY, HOUR, NOW, at

pytestmark = pytest.mark.django_db
PAGE = "/tutor/availability/rules"
RULES = {
    "notice_hours": "24",
    "horizon_days": "14",
    "slot_step_minutes": "15",
    "buffer_before_minutes": "5",
    "buffer_after_minutes": "10",
    "most_sessions_a_day": "3",
    "most_changes_a_pack": "",
}


def saved(mia):
    return MentorProfile.objects.values_list(*RULES).get(user=mia)


def test_all_of_them(mias, mia):
    assert mias.get(PAGE).status_code == 200
    assert mias.post(PAGE, RULES).url == PAGE
    assert saved(mia) == (24, 14, 15, 5, 10, 3, None)
    page = mias.get("/tutor/availability").content.decode()
    assert "<dd>14 days</dd>" in page and "<dd>24 h</dd>" in page


def test_empty_is_the_usual(mias, mia):
    mias.post(PAGE, RULES | {"horizon_days": "", "most_sessions_a_day": ""})
    assert saved(mia) == (24, None, 15, 5, 10, None, None)
    assert mia.mentor_profile.horizon == 60 * DAY


@pytest.mark.parametrize(
    "bad",
    [
        {"notice_hours": "0"},
        {"notice_hours": "73"},
        {"notice_hours": ""},
        {"horizon_days": "6"},
        {"horizon_days": "181"},
        {"slot_step_minutes": "7"},
        {"slot_step_minutes": "0"},
        {"buffer_before_minutes": "-1"},
        {"buffer_after_minutes": "241"},
        {"most_sessions_a_day": "0"},
        {"most_sessions_a_day": "25"},
        {"most_changes_a_pack": "0"},
        {"notice_hours": "9" * 400},
        {"horizon_days": "1e3"},
    ],
)
def test_what_is_out_of_bounds_changes_nothing(mias, mia, bad):
    before = saved(mia)
    answer = mias.post(PAGE, RULES | bad)
    assert answer.status_code == 422
    assert 'class="field-error"' in answer.content.decode()
    assert saved(mia) == before


def test_an_unusual_step_that_is_set_stays_to_choose(mias, mia):
    MentorProfile.objects.filter(user=mia).update(slot_step_minutes=25)
    assert '<option value="25" selected>25 minutes' in mias.get(PAGE).content.decode()


def test_nothing_else_of_the_profile_can_be_named(mias, mia):
    mias.post(PAGE, RULES | {"verified_at": "", "commission_percent": "0", "slug": "x", "user": "1"})
    profile = MentorProfile.objects.get(user=mia)
    assert (profile.slug, profile.commission_percent, profile.is_visible) == ("mia", None, True)


def test_students_have_none(client, sam):
    client.force_login(sam)
    assert client.get(PAGE).status_code == client.post(PAGE, RULES).status_code == 404
    client.logout()
    assert client.get(PAGE).status_code == 302


class TestHorizon:
    """How far ahead: the mentor's own days for buyers, the pack's expiry for a credit."""

    def far(self, mia, days, **more):
        profile = mia.mentor_profile
        profile.horizon_days = days
        start = at(0) + days * DAY
        return free_slots(mentor=profile, start=start - DAY, end=start + 2 * DAY, duration_minutes=60, now=NOW, **more)

    def test_a_short_one_and_a_long_one(self, mia):
        for days in (7, 90):
            last = self.far(mia, days)[-1].starts_at
            assert NOW + days * DAY - HOUR < last <= NOW + days * DAY

    def test_a_credit_is_booked_until_its_pack_expires(self, mia):
        assert self.far(mia, 7, horizon_ends=NOW + 9 * DAY)[-1].starts_at > NOW + 8 * DAY

    def test_what_is_offered_is_accepted(self, mia, sam):
        slot = self.far(mia, 90)[-1]
        check_slot(mentor=mia.mentor_profile, student=sam, starts_at=slot.starts_at, duration_minutes=60, now=NOW)

    def test_each_mentor_of_many_has_their_own(self, mia, max_):
        near, far = mia.mentor_profile, max_.mentor_profile
        near.horizon_days, near.notice_hours = 7, 72
        mia.weekly_rules.exclude(weekday=1).delete()  # Tuesdays: tomorrow is too near, the next one too far
        assert list(next_free([near, far], NOW, days=30)) == [max_.pk]
