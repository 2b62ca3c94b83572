from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def viewer(request: HttpRequest) -> dict[str, Any]:
    """What every template may ask for."""
    return {"demo": settings.DEMO, "viewer_zone": getattr(request, "zone", None)}
