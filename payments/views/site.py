from __future__ import annotations

from django.http import HttpRequest


def site_url(request: HttpRequest) -> str:
    """Scheme and host the reader came by (a checked host): links of what they start go back there."""
    return f"{request.scheme}://{request.get_host()}"
