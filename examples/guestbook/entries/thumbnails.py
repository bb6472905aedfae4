"""What the worker does with a new entry."""

from __future__ import annotations

import io
import logging
from pathlib import PurePath

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageOps, UnidentifiedImageError

from entries.models import Entry

THUMBNAIL_PIXELS = 480

log = logging.getLogger(__name__)


def process_next_entry() -> bool:
    """Process the oldest entry that no other worker holds; return whether there was one."""
    with transaction.atomic():
        entry = Entry.objects.select_for_update(skip_locked=True).filter(processed_at=None).order_by("pk").first()
        if entry is None:
            return False
        if entry.picture:
            try:
                make_thumbnail(entry)
            except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
                log.warning("entry %s: no thumbnail: %s", entry.pk, error)
        entry.processed_at = timezone.now()
        entry.save(update_fields=["thumbnail", "processed_at"])
    log.info("entry %s: processed", entry.pk)
    return True


def make_thumbnail(entry: Entry) -> None:
    """Give the entry a small copy of its picture, without the camera's data."""
    with entry.picture.open("rb") as file, Image.open(file) as picture:
        small = ImageOps.exif_transpose(picture)
        small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        output = io.BytesIO()
        small.convert("RGBA").save(output, "WEBP", quality=80)
    name = PurePath(entry.picture.name).with_suffix(".webp").name
    entry.thumbnail.save(name, ContentFile(output.getvalue()), save=False)
