"""Addresses of the guestbook."""

from __future__ import annotations

from django.urls import path

from entries import views

urlpatterns = [
    path("", views.front_page, name="front_page"),
]
