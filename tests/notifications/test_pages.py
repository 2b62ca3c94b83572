"""The list of what one was told, and what one wants mailed."""

from __future__ import annotations

import pytest
from django.test import Client

from notifications.models import Delivery, Notification, Preference
from notifications.services import notify
from tests.cast import NOW


def tell(person, key, **more):
    values = {"message": f"Hello {key}", "mentor_name": "Mia", "url": "/mentorship"} | more
    notify("new_message", recipient=person, about=f"m:{key}", dedupe_key=f"{person.pk}:{key}", now=NOW, **values)
    return Notification.objects.get(dedupe_key=f"{person.pk}:{key}")


def test_one_sees_only_ones_own(client, sam, sue):
    tell(sam, "mine")
    tell(sue, "hers")
    client.force_login(sam)
    page = client.get("/notifications").content
    assert b"Hello mine" in page and b"Hello hers" not in page


def test_withdrawn_ones_are_hidden(client, sam):
    tell(sam, "a")
    Notification.objects.update(withdrawn_at=NOW)
    client.force_login(sam)
    assert b"Nothing to tell you yet" in client.get("/notifications").content


def test_looking_changes_nothing(client, sam):
    told = tell(sam, "a")
    client.force_login(sam)
    client.get("/notifications")
    assert client.get(f"/notifications/{told.pk}/reading").status_code == 405
    assert client.get("/notifications/reading").status_code == 405
    assert Notification.objects.unread().count() == 1


def test_opening_one_marks_it_read_and_leads_there(client, sam):
    told = tell(sam, "a")
    client.force_login(sam)
    assert client.post(f"/notifications/{told.pk}/reading").url == "/mentorship"
    assert not Notification.objects.unread().exists()


def test_a_strangers_is_not_there(client, sam, otto):
    told = tell(sam, "a")
    client.force_login(otto)
    assert client.post(f"/notifications/{told.pk}/reading").status_code == 404
    assert Notification.objects.unread().count() == 1


def test_it_never_leads_away(client, sam):
    told = tell(sam, "a", url="https://evil.test/")
    client.force_login(sam)
    assert client.post(f"/notifications/{told.pk}/reading").url == "/notifications"


def test_mark_all_read_means_ones_own(client, sam, sue):
    tell(sam, "a")
    tell(sam, "b")
    tell(sue, "c")
    client.force_login(sam)
    assert client.post("/notifications/reading").url == "/notifications"
    assert Notification.objects.unread().get().recipient == sue


def test_without_the_token_nothing_is_marked(sam):
    told = tell(sam, "a")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(sam)
    assert strict.post(f"/notifications/{told.pk}/reading").status_code == 403
    assert Notification.objects.unread().exists()


def test_pages_by_keyset(client, sam):
    for i in range(35):
        tell(sam, f"n{i:02}")
    client.force_login(sam)
    first = client.get("/notifications")
    assert b"Hello n34" in first.content and b"Hello n05" in first.content and b"Hello n04" not in first.content
    older = client.get(f"/notifications{first.context['more']}")
    assert b"Hello n04" in older.content and b"Hello n05" not in older.content and not older.context["more"]
    fragment = client.get(f"/notifications{first.context['more']}", headers={"HX-Request": "true"})
    assert b"Hello n04" in fragment.content and b"<html" not in fragment.content


@pytest.mark.parametrize("cursor", ["x", "-1", "1e9", "9" * 30, "²"])
def test_a_cursor_that_is_none_starts_at_the_newest(client, sam, cursor):
    tell(sam, "a")
    client.force_login(sam)
    assert b"Hello a" in client.get("/notifications", {"before": cursor}).content


def test_statements_do_not_grow(client, sam, django_assert_max_num_queries):
    client.force_login(sam)
    tell(sam, "a")
    with django_assert_max_num_queries(6):
        client.get("/notifications")
    for i in range(29):
        tell(sam, f"n{i}")
    with django_assert_max_num_queries(6):
        client.get("/notifications")


def test_choosing_what_is_mailed(client, sam):
    client.force_login(sam)
    assert b'value="new_message" checked' in client.get("/settings/notifications").content
    assert client.post("/settings/notifications", {"mail": ["refund", "nonsense"]}).status_code == 302
    tell(sam, "quiet")
    assert Delivery.objects.get().status == "OFF"
    assert not Preference.objects.filter(kind="nonsense").exists()
    client.post("/settings/notifications", {"mail": ["new_message"]})
    tell(sam, "loud")
    assert Delivery.objects.latest("pk").status == "PENDING"


def test_mentors_kinds_are_for_mentors(client, sam, mia):
    client.force_login(sam)
    assert b"Somebody buys from me" not in client.get("/settings/notifications").content
    client.force_login(mia)
    assert b"Somebody buys from me" in client.get("/settings/notifications").content
