"""The first table."""

from __future__ import annotations

import django.core.validators
import django.utils.timezone
from django.db import migrations, models

import entries.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("message", models.TextField(max_length=1000)),
                (
                    "picture",
                    models.ImageField(
                        blank=True,
                        upload_to=entries.models.picture_path,
                        validators=[
                            django.core.validators.FileExtensionValidator(["gif", "jpeg", "jpg", "png", "webp"])
                        ],
                    ),
                ),
                ("thumbnail", models.ImageField(blank=True, editable=False, upload_to="thumbnails/")),
                ("created_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False)),
                ("processed_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name_plural": "entries",
                "indexes": [
                    models.Index(condition=models.Q(("processed_at", None)), fields=["id"], name="entry_unprocessed")
                ],
            },
        ),
    ]
