"""Entries in the admin."""

from __future__ import annotations

from django.contrib import admin

from entries.models import Entry


@admin.register(Entry)
class EntryAdmin(admin.ModelAdmin):
    """Find and remove entries."""

    list_display = ["name", "message", "created_at"]
    search_fields = ["name", "message"]
    readonly_fields = ["thumbnail", "created_at", "processed_at"]
