"""Settings: what is missing or wrong is refused at start, in words; and the README tells the truth about them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from mentorship.kernel.management.commands.settings_table import table

GOOD = {
    "DATABASE_URL": "postgresql://somebody@127.0.0.1/product",
    "REDIS_URL": "redis://127.0.0.1/0",
    "SECRET_KEY": "k" * 50,
    "BASE_URL": "https://mentors.example.org",
}


def start(script="import mentorship.settings", **changes):
    """Load the settings in a process of their own. Returns (exit code, what it said)."""
    kept = {k: os.environ[k] for k in ("PATH", "HOME", "LANG") if k in os.environ}
    env = {k: v for k, v in {**kept, **GOOD, **changes}.items() if v is not None}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=env,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


def test_good_settings_load():
    assert start() == (0, "")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"DATABASE_URL": None}, "DATABASE_URL: Field required"),
        ({"DATABASE_URL": "sqlite:///x"}, "must be a postgresql:// address"),
        ({"REDIS_URL": "localhost"}, "must be a redis://"),
        ({"SECRET_KEY": None}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": "short"}, "at least 40 characters"),
        ({"SANDBOX_PAYMENTS": "1"}, "must be off in production"),
        ({"MENTORSHIP_GRACE_HOURS": "three days"}, "GRACE_HOURS"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        ({"EMAIL_URL": "mail.example.org:465"}, "must be an smtps://"),
        ({"BASE_URL": "mentors.example.org"}, "must start with http"),
    ],
)
def test_what_is_missing_or_wrong_is_refused_in_words(changes, says):
    code, said = start(**changes)
    assert code == 1
    assert says in said
    assert "Traceback" not in said


def test_readme_lists_every_setting():
    assert table() in Path(settings.BASE_DIR, "README.md").read_text()


def test_no_secret_is_printed_with_the_settings():
    names = (
        "SECRET_KEY", "SANDBOX_SECRET", "METRICS_TOKEN", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS",
        "PAYPAL_CLIENT_SECRET", "PAYSTACK_SECRET_KEYS",
    )  # fmt: skip
    secrets = {name: f"sk_test_{name}_{'x' * 40}" for name in names}
    secrets |= {"ENCRYPTION_KEYS": "e" * 32, "PAYPAL_CLIENT_ID": "app", "PAYPAL_WEBHOOK_IDS": "wh"}
    secrets |= {"DATABASE_URL": "postgresql://me:open-sesame@127.0.0.1/x", "EMAIL_URL": "smtp://me:open-sesame@mail:25"}
    script = "import sys, mentorship.settings as s; sys.stderr.write(repr((s.ENV, s.PROVIDERS)))"
    code, printed = start(script, **secrets)
    assert (code, "paypal_client_id='app'" in printed) == (0, True)
    assert not [word for word in ("sk_test", "e" * 32, "open-sesame") if word in printed]
