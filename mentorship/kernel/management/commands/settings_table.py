from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mentorship.kernel.env import Env, Numbers
from mentorship.kernel.provider_env import Providers


def table() -> str:
    """The settings as a Markdown table: name, default, meaning."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for model in (Env, Providers, Numbers):
        prefix = model.model_config.get("env_prefix", "")
        for name, field in model.model_fields.items():
            variable = field.alias or f"{prefix}{name}".upper()
            lines.append(f"| `{variable}` | {_default(field)} | {field.description} |")
    return "\n".join(lines)


def _default(field: Any) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    if value in ("", []):
        return ""
    if isinstance(value, list):
        value = ",".join(value)
    return f"`{int(value) if isinstance(value, bool) else value}`"


class Command(BaseCommand):
    help = "Print the settings table of the README."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(table())
