"""Admins watch and repair: every model has its pages, history cannot be edited, verbs do one thing and say so."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.urls import reverse

from mentorship.kernel import clock
from mentorship.kernel.admin import SeenOnly
from mentorship.people.models import MentorProfile, User
from packs.models import CreditEntry
from payments.models import WebhookEvent
from seats.models import Seat
from tests.cast import NOW, bought, counters, mentor

OURS = {"kernel", "people", "notifications", "offerings", "packs", "seats", "sessions_app", "payments", "pages"}
# The demo's clock is moved by the demo bar; it exists in the demo only.
WITHOUT_PAGES = {"kernel.ClockOffset"}


def verb(client, model, pk, name, **answers):
    """Open the verb's dialog, then confirm it. Returns the sentences that were shown."""
    url = reverse(f"admin:{model}_{name}", args=[pk])
    assert client.get(url).status_code == 200
    done = client.post(url, {"_form_submitted": "on", **answers})
    assert done.status_code == 302, done.content[:500]
    return [str(m) for m in get_messages(done.wsgi_request)]


def test_every_model_of_ours_is_in_the_admin():
    models = {m for m in apps.get_models() if m._meta.app_label in OURS}
    missing = {m._meta.label for m in models if m not in admin.site._registry} - WITHOUT_PAGES
    through = {m._meta.label for m in models if m._meta.auto_created}
    assert missing - through == set()


def test_every_page_of_the_admin_opens(boss, client):
    call_command("seed_demo", verbosity=0)
    assert client.get("/admin/").status_code == 200
    for model, pages in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(reverse(f"{name}_changelist"), {"q": "x"} if pages.search_fields else {}).status_code == 200
        row = model._default_manager.first()
        if row is not None:
            page = client.get(reverse(f"{name}_change", args=[row.pk]))
            assert page.status_code == 200, f"{model}: {page.status_code}"


def test_history_is_not_for_editing(boss, client, mia, sam):
    pack = bought(sam, mia)
    for model in (CreditEntry, Seat, WebhookEvent):
        assert isinstance(admin.site._registry[model], SeenOnly)
    page = reverse("admin:packs_sessionpack_change", args=[pack.pk])
    assert client.post(page, {"sessions_total": 99}).status_code == 403
    assert client.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert counters(pack) == (4, 0, 0)


def test_credits_are_given_and_taken_with_a_reason(boss, client, mia, sam):
    pack = bought(sam, mia, now=clock.now())
    assert verb(client, "packs_sessionpack", pack.pk, "credits", delta=2, reason="sorry") == ["2 credits given."]
    verb(client, "packs_sessionpack", pack.pk, "credits", delta=-5, reason="agreed")
    assert counters(pack) == (1, 0, 0)
    entry = CreditEntry.objects.filter(pack=pack, kind="GIVEN").get()
    assert (entry.by, entry.reason) == (boss, "sorry")
    assert "used or booked" in verb(client, "packs_sessionpack", pack.pk, "credits", delta=-2, reason="x")[-1]
    assert counters(pack) == (1, 0, 0)


def test_a_seat_is_released_with_a_reason(boss, client, mia, sam):
    bought(sam, mia)
    seat = Seat.objects.get()
    verb(client, "seats_seat", seat.pk, "release", reason="they asked")
    seat.refresh_from_db()
    assert (seat.status, seat.release_reason) == ("RELEASED", "BY_ADMIN")
    assert seat.events.last().by == boss


def test_a_mentor_is_verified_and_hidden_again(boss, client):
    profile = mentor("mia", verified=False).mentor_profile
    verb(client, "people_mentorprofile", profile.pk, "verify")
    assert MentorProfile.objects.visible().get() == profile
    verb(client, "people_mentorprofile", profile.pk, "withdraw")
    assert not MentorProfile.objects.visible().exists()


def test_a_dead_letter_is_replayed(boss, client):
    event = WebhookEvent.objects.create(
        provider="sandbox", event_key="e1", payload="{}", received_at=NOW, next_attempt_at=NOW, dead_at=NOW, attempts=8
    )
    verb(client, "payments_webhookevent", event.pk, "replay")
    event.refresh_from_db()
    assert (event.dead_at, event.attempts) == (None, 0)


def test_staff_without_the_right_cannot_press_a_verb(db, client, mia, sam):
    pack = bought(sam, mia)
    User.objects.create_user("clerk@example.test", "demo-password-1", is_staff=True)
    client.force_login(User.objects.get(email="clerk@example.test"))
    url = reverse("admin:packs_sessionpack_credits", args=[pack.pk])
    assert client.post(url, {"_form_submitted": "on", "delta": 5, "reason": "x"}).status_code == 403
    assert counters(pack) == (4, 0, 0)


def test_the_admin_alone_may_build_functions(boss, client):
    assert "'unsafe-eval'" in client.get("/admin/").headers["Content-Security-Policy"]
    assert "unsafe" not in client.get("/settings/profile").headers["Content-Security-Policy"]
