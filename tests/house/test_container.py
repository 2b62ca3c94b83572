"""The container files, as far as they can be checked without an engine: they parse, and name what exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from mentorship.kernel.env import Env
from mentorship.kernel.provider_env import Providers

HOUSE = Path(__file__).resolve().parents[2]
IN_IMAGE = re.compile(r"^COPY (?!--)(\S+) ", re.MULTILINE)


def compose() -> dict[str, Any]:
    return yaml.safe_load((HOUSE / "docker-compose.yml").read_text())


def test_the_image_holds_every_package_of_ours() -> None:
    copied = set(IN_IMAGE.findall((HOUSE / "Dockerfile").read_text()))
    packages = {init.parent.name for init in HOUSE.glob("*/__init__.py")} - {"tests"}
    assert packages | {"templates", "static", "manage.py", "requirements.lock"} <= copied
    assert all((HOUSE / name).exists() for name in copied)


def test_web_worker_and_beat_share_one_image_and_its_settings_exist() -> None:
    services = compose()["services"]
    ours = [services[name] for name in ("migrate", "web", "worker", "beat")]
    assert {service["image"] for service in ours} == {"mentorship"}
    fields = Env.model_fields | Providers.model_fields
    known = {(field.alias or name).upper() for name, field in fields.items()}
    for service in ours:
        assert set(service["environment"]) <= known


def test_the_servers_keep_their_data_and_secrets_are_asked_for() -> None:
    text, services = (HOUSE / "docker-compose.yml").read_text(), compose()["services"]
    assert services["postgres"]["volumes"]
    assert "--appendonly" in services["redis"]["command"]
    assert "${SECRET_KEY:?" in text
    assert "${POSTGRES_PASSWORD:?" in text
