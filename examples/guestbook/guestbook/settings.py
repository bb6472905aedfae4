"""Settings of the guestbook. Everything that differs between two places comes from the environment: see README.md."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from guestbook import environment

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = environment.boolean("DEBUG", default=False)
TESTING = sys.argv[1:2] == ["test"]
LOCAL = DEBUG or TESTING
# HTTPS in front of the application. False where plain HTTP is served, as in a sandbox.
SECURE = environment.boolean("SECURE", default=not LOCAL)
SECRET_KEY = environment.secret_key(required=not LOCAL)
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")

# What Placid says about the release that runs; empty elsewhere.
COMMIT = os.environ.get("PLACID_COMMIT", "")
RELEASE = os.environ.get("PLACID_RELEASE", "")
ENVIRONMENT = os.environ.get("PLACID_ENVIRONMENT", "")

ROOT_URLCONF = "guestbook.urls"
WSGI_APPLICATION = "guestbook.wsgi.application"
INSTALLED_APPS = [
    "entries",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "guestbook.middleware.commit",
    "django.middleware.security.SecurityMiddleware",
    "guestbook.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "guestbook.context.release",
            ],
        },
    },
]

DATABASES = {"default": environment.database(os.environ.get("DATABASE_URL") or f"sqlite:///{BASE_DIR}/db.sqlite3")}
CACHES = {"default": environment.cache(os.environ.get("CACHE_URL") or "locmem:")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = os.environ.get("STATIC_URL") or "/static/"
STATIC_ROOT = os.environ.get("STATIC_ROOT") or BASE_DIR / "static"
MEDIA_URL = os.environ.get("MEDIA_URL") or "/media/"
MEDIA_ROOT = os.environ.get("MEDIA_ROOT") or BASE_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage."
        + ("StaticFilesStorage" if LOCAL else "ManifestStaticFilesStorage")
    },
}
# The web server reads what visitors upload, whatever the umask is.
FILE_UPLOAD_PERMISSIONS = 0o644
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o755

LANGUAGE_CODE = "en-gb"
TIME_ZONE = os.environ.get("TIME_ZONE") or "UTC"

# The web server in front sets this header itself and is the only way in.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = SECURE
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SILENCED_SYSTEM_CHECKS = (
    # Subdomains and the browsers' preload list concern the whole domain, not this site alone.
    ["security.W005", "security.W021"]
    if SECURE
    # Plain HTTP was asked for: HSTS, the redirect, and the two cookies that only HTTPS may carry.
    else ["security.W004", "security.W008", "security.W012", "security.W016"]
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL") or ("CRITICAL" if TESTING else "INFO")},
    # Django's own handlers would print in development only, and send mail otherwise.
    "loggers": {"django": {"handlers": []}},
}
