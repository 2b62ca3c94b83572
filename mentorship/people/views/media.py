"""Photos, as we wrote them ourselves (`people.photos`): nothing else under the media folder is ever served."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from mentorship.people import photos


@require_safe
def photo(request: HttpRequest, path: str) -> FileResponse:
    if not photos.NAME.fullmatch(path):
        raise Http404
    try:
        file = default_storage.open(path)
    except FileNotFoundError:
        raise Http404 from None
    # The name is new for every upload, so what is behind it never changes.
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(file, content_type="image/webp", headers=headers)
