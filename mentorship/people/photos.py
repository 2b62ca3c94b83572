"""Photos people upload: read as pictures, cut to a square and written anew, so nothing else that was in the file survives."""

from __future__ import annotations

import re
import secrets
import warnings
from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_BYTES = 8_000_000
LARGEST_PIXELS = 50_000_000
SIDE = 640
FORMATS = ("JPEG", "PNG", "WEBP")
NAME = re.compile(r"photos/\d{4}/\d{2}/[0-9a-f]{32}\.webp")


def cleaned(upload: UploadedFile) -> ContentFile:
    """A square WebP without any metadata, under an unguessable name. Raises ValidationError for what is no photo."""
    if (upload.size or 0) > LARGEST_BYTES:
        raise ValidationError("This photo is larger than 8 MB. Please choose a smaller one.", code="too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(upload, formats=FORMATS)
            if picture.width * picture.height > LARGEST_PIXELS:
                raise ValidationError(
                    "This photo has more than 50 million pixels. Please choose a smaller one.", code="too_large"
                )
            square = _square(picture)
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
    ):
        raise ValidationError(
            "This is not a photo we can read. Please choose a JPEG, PNG or WebP.", code="not_a_photo"
        ) from None
    written = BytesIO()
    square.save(written, "WEBP", quality=84, method=4)
    return ContentFile(written.getvalue(), name=f"{secrets.token_hex(16)}.webp")


def _square(picture: Image.Image) -> Image.Image:
    picture.draft("RGB", (SIDE * 2, SIDE * 2))  # a huge JPEG is decoded small
    upright = ImageOps.exif_transpose(picture)
    side = min(SIDE, *upright.size)
    fitted = ImageOps.fit(upright.convert("RGBA"), (side, side), centering=(0.5, 0.4))
    # A transparent picture gets paper behind it; a fresh image carries no metadata over.
    paper = Image.new("RGB", fitted.size, (252, 249, 244))
    paper.paste(fitted, mask=fitted.getchannel("A"))
    return paper
