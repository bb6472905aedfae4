"""What visitors leave behind."""

from __future__ import annotations

import uuid
from pathlib import PurePath

from django.core.validators import FileExtensionValidator
from django.db import models
from django.utils import timezone


def picture_path(entry: Entry, filename: str) -> str:
    """Return where a picture is kept: visitors choose its suffix only."""
    return f"pictures/{uuid.uuid4().hex}{PurePath(filename).suffix.lower()}"


class Entry(models.Model):
    """One message in the guestbook."""

    name = models.CharField(max_length=80)
    message = models.TextField(max_length=1000)
    picture = models.ImageField(
        upload_to=picture_path,
        blank=True,
        validators=[FileExtensionValidator(["gif", "jpeg", "jpg", "png", "webp"])],
    )
    thumbnail = models.ImageField(upload_to="thumbnails/", blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    # When the worker was done with the entry, whether it could make a thumbnail or not.
    processed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["id"], condition=models.Q(processed_at=None), name="entry_unprocessed"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.created_at:%Y-%m-%d}"
