from __future__ import annotations

import os
from pathlib import Path

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
INSTALLED_APPS = ["django.contrib.staticfiles"]
ROOT_URLCONF = "echo.urls"
STATICFILES_DIRS = [Path(__file__).with_name("files")]
STATIC_ROOT, STATIC_URL = os.environ["STATIC_ROOT"], os.environ["STATIC_URL"]
MEDIA_ROOT, MEDIA_URL = os.environ["MEDIA_ROOT"], os.environ["MEDIA_URL"]
