"""Read settings from environment variables; an unusable one is named in the error."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def boolean(name: str, default: bool) -> bool:
    """Return the variable as a boolean: only `true` and `false` are allowed."""
    value = os.environ.get(name, "").strip().lower()
    if value not in ("", "true", "false"):
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to true or false.")
    return value == "true" if value else default


def words(name: str) -> list[str]:
    """Return a comma separated variable as a list, without empty items."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def secret_key(required: bool) -> str:
    """Return SECRET_KEY; where it is not required, a key that is good for development only."""
    key = os.environ.get("SECRET_KEY", "")
    if not key and required:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set, and DEBUG is false. Set it in the environment; this makes one: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return key or "django-insecure-for-development-only"


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for a database URL.

    `postgresql:///guestbook` is the local socket with peer authentication; a host, a port, a user and a
    password may be given, and connection options of libpq after `?`. `sqlite:////a/path` is a file.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.removeprefix("/"))
    if not name or parts.scheme not in ("postgres", "postgresql", "sqlite"):
        raise ImproperlyConfigured(
            f"DATABASE_URL with the scheme {parts.scheme!r} and the name {name!r} is not understood: "
            "write postgresql://[user[:password]@host[:port]]/name or sqlite:////path."
        )
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
    options = {"connect_timeout": "5", **dict(parse_qsl(parts.query))}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        # Connections live for a minute and are tried before use, so that a restart of PostgreSQL is not noticed.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # A pooler gives each transaction another connection, and a cursor of the server belongs to one.
        "DISABLE_SERVER_SIDE_CURSORS": bool(os.environ.get("DATABASE_POOLER")),
    }


def cache(url: str) -> dict[str, Any]:
    """Return Django's settings for a cache URL: `memcached+unix:/path`, `memcached://host:port` or `locmem:`."""
    scheme, _, rest = url.partition(":")
    if scheme == "locmem":
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if scheme not in ("memcached", "memcached+unix") or not rest.strip("/"):
        raise ImproperlyConfigured(
            f"CACHE_URL is {url!r}: write memcached+unix:/path/of/the.sock, memcached://host:port or locmem:"
        )
    return {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": rest.removeprefix("//") if scheme == "memcached" else f"unix:{rest}",
        # Without memcached every page still works: a failure counts as a miss, and it is tried again a second later.
        "OPTIONS": {
            "ignore_exc": True,
            "connect_timeout": 1,
            "timeout": 1,
            "retry_attempts": 0,
            "dead_timeout": 1,
        },
    }
