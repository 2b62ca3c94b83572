"""What people change about themselves, and how one becomes a mentor."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from mentorship.kernel.refusals import NotFound
from mentorship.pages.verification import verify_mentor, withdraw_verification
from mentorship.people.models import MentorProfile, Topic
from notifications.models import Notification
from tests.cast import HOUR, NOW


@pytest.fixture(autouse=True)
def uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def topics(db):
    return [Topic.objects.create(name=f"Topic {i}", slug=f"topic-{i}") for i in range(6)]


def application(known, **more):
    return {
        "name": "Sam Fox",
        "zone_name": "Europe/Berlin",
        "promise": "Your first deploy, without fear.",
        "bio": "Ten years of servers.",
        "topics": [t.pk for t in known[:2]],
        "languages_0": "de",
        "languages_1": "en",
        "languages_2": "de",
    } | more


def test_name_and_zone(client, sam):
    client.force_login(sam)
    assert client.post("/settings/profile", {"name": " Sam  Fox ", "zone_name": "Asia/Tokyo"}).status_code == 302
    sam.refresh_from_db()
    assert (sam.name, sam.zone_name) == ("Sam Fox", "Asia/Tokyo")


def test_a_mentor_is_asked_what_becomes_of_the_hours_before_the_zone_changes(client, mia):
    client.force_login(mia)
    answer = client.post("/settings/profile", {"name": "Mia S", "zone_name": "Asia/Tokyo"})
    assert answer.url == "/tutor/availability/zone?to=Asia/Tokyo"
    mia.refresh_from_db()
    assert (mia.name, mia.zone_name) == ("Mia S", "UTC")
    assert client.post("/settings/profile", {"name": "Mia", "zone_name": "UTC"}).url == "/settings/profile"


@pytest.mark.parametrize(
    "bad", [{"name": ""}, {"name": "x" * 121}, {"zone_name": "Mars/Base"}, {"zone_name": ""}, {"name": "a\0b"}]
)
def test_bad_profiles_change_nothing(client, sam, bad):
    client.force_login(sam)
    answer = client.post("/settings/profile", {"name": "New", "zone_name": "Asia/Tokyo"} | bad)
    sam.refresh_from_db()
    assert answer.status_code == 422 and (sam.name, sam.zone_name) == ("Sam", "UTC")


def test_applying_makes_a_profile_nobody_sees(client, sam, topics):
    client.force_login(sam)
    assert client.post("/mentor/apply", application(topics)).status_code == 302
    profile = MentorProfile.objects.get(user=sam)
    assert (profile.slug, profile.languages, profile.topics.count()) == ("sam", ["de", "en"], 2)
    assert profile.applied_at and not profile.verified_at
    assert profile not in MentorProfile.objects.visible()
    assert b"Waiting for verification" in client.get("/mentor/apply").content


def test_applying_again_changes_the_words_not_the_place_in_line(client, sam, topics):
    client.force_login(sam)
    client.post("/mentor/apply", application(topics))
    first = MentorProfile.objects.get(user=sam)
    client.post("/mentor/apply", application(topics, promise="Another promise."))
    again = MentorProfile.objects.get(user=sam)
    assert (again.promise, again.applied_at, again.slug) == ("Another promise.", first.applied_at, first.slug)


def test_two_people_of_one_name_get_two_addresses(client, sam, sue, topics):
    for person in (sam, sue):
        person.name = "Kim Lee"
        person.save()
        client.force_login(person)
        client.post("/mentor/apply", application(topics, name="Kim Lee"))
    assert re.fullmatch(r"kim-lee-[0-9a-f]{6}", sue.mentor_profile.slug) and sam.mentor_profile.slug == "kim-lee"


@pytest.mark.parametrize(
    "bad",
    [
        {"promise": ""},
        {"promise": "x" * 121},
        {"topics": []},
        {"topics": ["999"]},
        {"topics": ["x"]},
        {"languages_0": "xx-no"},
    ],
)
def test_bad_applications_make_nothing(client, sam, topics, bad):
    client.force_login(sam)
    assert client.post("/mentor/apply", application(topics, **bad)).status_code == 422
    assert not MentorProfile.objects.exists()


def test_at_most_five_topics(client, sam, topics):
    client.force_login(sam)
    answer = client.post("/mentor/apply", application(topics, topics=[t.pk for t in topics]))
    assert answer.status_code == 422 and b"at most 5" in answer.content


def test_a_verified_mentor_does_not_apply_again(client, mia, topics):
    client.force_login(mia)
    assert client.post("/mentor/apply", application(topics)).status_code == 409
    assert MentorProfile.objects.get(user=mia).promise != "Your first deploy, without fear."


def test_verifying_tells_once_and_withdrawing_hides(sam, topics, client):
    client.force_login(sam)
    client.post("/mentor/apply", application(topics))
    for _ in range(2):
        verify_mentor(mentor_id=sam.pk, by=None, now=NOW)
    assert MentorProfile.objects.visible().get().user == sam
    assert Notification.objects.get().kind == "mentor_verified"
    withdraw_verification(mentor_id=sam.pk, by=None, now=NOW + HOUR)
    assert not MentorProfile.objects.visible().exists()
    assert not Notification.objects.shown().exists()
    verify_mentor(mentor_id=sam.pk, by=None, now=NOW + 2 * HOUR)
    assert Notification.objects.shown().count() == 1


def test_verifying_nobody(db):
    with pytest.raises(NotFound):
        verify_mentor(mentor_id=7, by=None, now=NOW)


def shop(mia, topics, **more):
    return {
        "promise": "New promise.",
        "bio": "Words.",
        "topics": [topics[0].pk],
        "languages_0": "en",
        "slug": "mia-sato",
        "meeting_url": "https://meet.example.test/mia",
        "max_active_students": 3,
        "accepts_new": "on",
    } | more


def test_a_mentors_settings(client, mia, topics):
    client.force_login(mia)
    assert client.get("/settings/mentor").status_code == 200
    assert client.post("/settings/mentor", shop(mia, topics)).status_code == 302
    profile = MentorProfile.objects.get(user=mia)
    assert (profile.slug, profile.max_active_students) == ("mia-sato", 3)
    assert profile.is_visible and profile.accepts_new


@pytest.mark.parametrize(
    "bad",
    [
        {"meeting_url": "http://meet.example.test/mia"},
        {"meeting_url": "javascript:alert(1)"},
        {"max_active_students": 0},
        {"max_active_students": 501},
        {"slug": "no spaces"},
        {"slug": "max"},
        {"photo": SimpleUploadedFile("a.jpg", b"<svg onload=alert(1)>", "image/jpeg")},
    ],
    ids=lambda bad: str(bad)[:40],
)
def test_bad_mentor_settings_change_nothing(client, mia, max_, topics, bad):
    client.force_login(mia)
    assert client.post("/settings/mentor", shop(mia, topics, **bad)).status_code == 422
    assert MentorProfile.objects.get(user=mia).slug == "mia"


@pytest.mark.parametrize(("who", "address"), [("mia", "/settings/mentor"), ("sam", "/mentor/apply")])
def test_a_browser_asks_for_one_language_only(client, request, topics, who, address):
    client.force_login(request.getfixturevalue(who))
    page = client.get(address).content.decode()
    asked = re.findall(r'<select name="languages_(\d)"( required)?', page)
    assert asked == [("0", " required"), ("1", ""), ("2", ""), ("3", "")]


def test_saving_does_not_undo_what_an_admin_does_meanwhile(client, mia, topics, monkeypatch):
    from mentorship.people import services

    save = services.save_mentor

    def meanwhile(*, form):
        MentorProfile.objects.filter(user=mia).update(verified_at=None)
        return save(form=form)

    monkeypatch.setattr(services, "save_mentor", meanwhile)
    client.force_login(mia)
    client.post("/settings/mentor", shop(mia, topics))
    assert MentorProfile.objects.get(user=mia).verified_at is None


def test_students_have_no_mentor_settings(client, sam):
    client.force_login(sam)
    assert client.get("/settings/mentor").status_code == 404


def jpeg(size=(1200, 900)):
    picture, exif = Image.new("RGB", size, "teal"), Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "secret place"
    written = BytesIO()
    picture.save(written, "JPEG", exif=exif)
    return SimpleUploadedFile("../../me.jpg", written.getvalue(), "image/jpeg")


def test_a_photo_is_written_anew_square_and_silent(client, mia, topics):
    client.force_login(mia)
    client.post("/settings/mentor", shop(mia, topics, photo=jpeg()))
    name = MentorProfile.objects.get(user=mia).photo.name
    assert re.fullmatch(r"photos/\d{4}/\d{2}/[0-9a-f]{32}\.webp", name)
    client.logout()
    answer = client.get(f"/media/{name}")
    content = b"".join(answer.streaming_content)
    picture = Image.open(BytesIO(content))
    assert (picture.format, picture.size, dict(picture.getexif())) == ("WEBP", (640, 640), {})
    assert b"secret place" not in content
    assert answer["Content-Type"] == "image/webp" and "immutable" in answer["Cache-Control"]


def test_a_new_photo_replaces_the_old_file_and_one_can_have_none(
    client, mia, topics, tmp_path, django_capture_on_commit_callbacks
):
    client.force_login(mia)
    for change in ({"photo": jpeg()}, {"photo": jpeg((300, 300))}):
        with django_capture_on_commit_callbacks(execute=True):
            client.post("/settings/mentor", shop(mia, topics, **change))
        assert len(list(tmp_path.rglob("*.webp"))) == 1
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/settings/mentor", shop(mia, topics, remove_photo="on"))
    assert not list(tmp_path.rglob("*.webp")) and not MentorProfile.objects.get(user=mia).photo_url


@pytest.mark.parametrize(
    "path", ["photos/../../settings.py", "photos/2026/01/x.webp", "photos/2026/01/" + "a" * 32 + ".webp", "secret.txt"]
)
def test_nothing_else_is_served(client, db, path):
    assert client.get(f"/media/{path}").status_code == 404


def test_a_huge_picture_is_refused(client, mia, topics):
    written = BytesIO()
    Image.new("1", (9000, 9000)).save(written, "PNG")
    client.force_login(mia)
    big = SimpleUploadedFile("a.png", written.getvalue(), "image/png")
    answer = client.post("/settings/mentor", shop(mia, topics, photo=big))
    assert answer.status_code == 422 and b"50 million" in answer.content


@pytest.mark.parametrize(
    "address", ["/settings/profile", "/settings/mentor", "/settings/notifications", "/mentor/apply"]
)
def test_few_statements(client, mia, topics, address):
    client.force_login(mia)
    with CaptureQueriesContext(
        connection,
    ) as statements:
        client.get(address)
    assert len(statements) <= 10, [q["sql"][:90] for q in statements]
