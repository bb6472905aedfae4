"""Pages of the guestbook."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from entries.forms import EntryForm
from entries.models import Entry
from entries.statistics import statistics

ENTRIES_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
def front_page(request: HttpRequest) -> HttpResponse:
    """Show the latest entries, and take a new one."""
    form = EntryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        entry = form.save()
        messages.success(request, f"Thank you, {entry.name}.")
        return redirect("front_page")
    latest = Entry.objects.order_by("-created_at", "-pk")[:ENTRIES_SHOWN]
    context = {"form": form, "entries": reversed(latest), "statistics": statistics()}
    return render(request, "entries/front_page.html", context)
