"""The audit as a command, a job, an admin page and a health signal."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.urls import reverse

from mentorship.kernel import clock, jobs
from mentorship.kernel.tasks import BEAT_SEEN, WORKER_SEEN
from mentorship.pages import audit
from mentorship.pages.models import AuditRun
from mentorship.people.models import User
from packs.models import SessionPack
from tests.audit.faults import fault
from tests.cast import DAY, NOW, offering
from tests.payments.scene import pay, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack(mia, sam) -> SessionPack:
    now = clock.now()
    return pay(place(sam, offering(mia), now=now), now=now).pack


def spoil(pack: SessionPack) -> None:
    fault("UPDATE packs_sessionpack SET sessions_used = 1 WHERE id = %s", pack.pk)


def command(*words: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("audit", *words, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_that_all_is_well(pack):
    code, said = command()
    assert (code, said) == (0, f"{len(audit.CHECKS)} of {len(audit.CHECKS)} checks hold.\n")


def test_the_command_names_the_row_and_ends_with_1(pack):
    spoil(pack)
    code, said = command()
    assert code == 1
    assert "BROKEN pack_counters: Total, held and used of a pack are the sums of its entries." in said
    assert f"  packs_sessionpack {pack.pk}: The row says 4/0/1, the entries 4/0/0." in said


def test_json_and_only(pack):
    spoil(pack)
    code, said = command("--json", "--only", "pack_counters")
    found = json.loads(said)
    assert (code, found["clean"]) == (1, False)
    assert [(f["name"], f["count"], f["rows"][0]["id"]) for f in found["findings"]] == [
        ("pack_counters", 1, str(pack.pk))
    ]
    assert command("--only", "ledger_balanced")[0] == 0
    assert not AuditRun.objects.exists()  # a part of the audit is no result


@pytest.mark.parametrize("words", [("--only", "nonsense"), ("--now", "yesterday"), ("--now", "2026-01-01T00:00:00")])
def test_bad_words_are_refused(words):
    with pytest.raises(CommandError):
        command(*words)


def test_every_check_says_what_must_hold():
    names = [check.name for check in audit.CHECKS]
    assert len(set(names)) == len(names)
    said = command("--list")[1]
    assert all(f"{check.name} ({check.kind}): {check.holds}\n" in said for check in audit.CHECKS)


def test_it_is_broken_since_the_first_run_that_found_it(pack):
    assert jobs.run("audit_books", NOW) == 0
    assert AuditRun.objects.get().result == "clean"
    spoil(pack)
    for day in (1, 2):
        jobs.run("audit_books", NOW + day * DAY)
    assert AuditRun.objects.latest().broken_since == NOW + DAY
    fault("UPDATE packs_sessionpack SET sessions_used = 0 WHERE id = %s", pack.pk)
    jobs.run("audit_books", NOW + 3 * DAY)
    assert AuditRun.objects.latest().result == "clean"


def test_only_the_last_hundred_results_are_kept():
    AuditRun.objects.bulk_create(AuditRun(at=NOW, took_ms=1, broken=0, overdue=0, notes=0) for _ in range(120))
    jobs.run("audit_books", NOW)
    assert AuditRun.objects.count() == 100


def test_health_says_it(client, pack):
    seen = clock.machine_now().timestamp()
    cache.set_many({WORKER_SEEN: seen, BEAT_SEEN: seen})
    jobs.run("audit_books", NOW)
    assert client.get("/readyz").json() | {"status": "ok", "audit": "clean"} == client.get("/readyz").json()
    spoil(pack)
    jobs.run("audit_books", NOW)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["audit"] == "broken since 2026-06-01 12:00"


class TestAdminPage:
    @pytest.fixture
    def boss(self, client):
        client.force_login(User.objects.create_superuser("boss@example.test", "demo-password-1"))

    def run_it(self, client):
        url = reverse("admin:pages_auditrun_run_now")
        assert b"Every sum is proved" in client.get(url).content
        return client.post(url, {"_form_submitted": "on"}, follow=True)

    def test_it_shows_the_rows_with_links(self, boss, client, pack):
        spoil(pack)
        page = self.run_it(client)
        said = page.content.decode()
        assert "broken since" in said and "(&#x27;" not in said
        assert f'href="{reverse("admin:packs_sessionpack_change", args=[pack.pk])}"' in said
        assert "The row says 4/0/1, the entries 4/0/0." in said

    def test_it_says_that_all_is_well(self, boss, client, pack):
        assert "Every check holds." in self.run_it(client).content.decode()
        assert "clean" in client.get(reverse("admin:pages_auditrun_changelist")).content.decode()

    def test_looking_runs_nothing(self, boss, client):
        client.get(reverse("admin:pages_auditrun_changelist"))
        client.get(reverse("admin:pages_auditrun_run_now"))
        assert not AuditRun.objects.exists()

    def test_not_for_staff_without_the_permission(self, client):
        clerk = User.objects.create_user("clerk@example.test", "demo-password-1")
        User.objects.filter(pk=clerk.pk).update(is_staff=True)
        client.force_login(clerk)
        assert client.post(reverse("admin:pages_auditrun_run_now"), {"_form_submitted": "on"}).status_code == 403
        assert not AuditRun.objects.exists()

    def test_texts_of_rows_are_escaped(self, boss, client, pack):
        AuditRun.objects.create(
            at=NOW, took_ms=1, broken=1, overdue=0, notes=0, broken_since=NOW,
            findings=[{"name": "x", "kind": "broken", "holds": "y", "rowsOf": "nowhere_none", "count": 1,
                       "rows": [{"id": "1", "says": "<script>alert(1)</script>"}]}],
        )  # fmt: skip
        page = client.get(reverse("admin:pages_auditrun_change", args=[AuditRun.objects.get().pk])).content.decode()
        assert "&lt;script&gt;alert(1)" in page
