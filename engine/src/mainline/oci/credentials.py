"""What a registry is told of who asks: from two variables, or from where `docker login` left it."""

import base64
import binascii
import json
import os
import subprocess
from pathlib import Path
from typing import Any

USERNAME, PASSWORD = "MAINLINE_REGISTRY_USERNAME", "MAINLINE_REGISTRY_PASSWORD"
REALM = "MAINLINE_REGISTRY_REALM"
"""Names the host that gives out tokens, if it is not of the registry's domain."""
HELPER_SECONDS = 20.0
"""How long a credential helper may take."""
_COUNTRY, _MOST_OF_MANY = 2, 3
"""Letters of a country's name, and the most of a domain below it that is of many owners, such as co, com, or org."""


def find(host: str) -> tuple[str, str] | None:
    """Return user and password for a registry; None if nobody said any, and what cannot be read says none.

    The variables come first. Then `config.json` in DOCKER_CONFIG or ~/.docker, as `docker login` and its helpers keep
    it.
    """
    if os.environ.get(PASSWORD):
        return os.environ.get(USERNAME, ""), os.environ[PASSWORD]
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        kept = json.loads((folder / "config.json").read_bytes())
        helper = kept.get("credHelpers", {}).get(host) or kept.get("credsStore")
        entry = kept.get("auths", {}).get(host, {}).get("auth", "")
        return _decoded(entry) if entry else _helped(helper, host) if helper else None
    except (OSError, ValueError, AttributeError, TypeError):
        return None


def may_have(asker: str, host: str) -> bool:
    """Whether a host that gives out tokens may see the credentials for a registry.

    It may if it is the registry's own host or below it, if it stands beside or above it in one domain, as
    auth.docker.io beside registry-1.docker.io and gitlab.com above registry.gitlab.com, or if it is declared.

    Args:
        asker: the host of the realm, without its port.
        host: that of the registry, without its port.
    """
    if asker in (host, os.environ.get(REALM)):
        return True
    return any(
        _has_one_owner(domain) and f".{asker}".endswith(f".{domain}") for domain in (host, host.partition(".")[2])
    )


def _has_one_owner(domain: str) -> bool:
    """Whether all hosts of a domain are of one owner, unlike those of co.uk or com.au; not so if that is in doubt."""
    labels = domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit():  # a number: an address
        return False
    return len(labels) > 2 or len(labels[1]) > _COUNTRY or len(labels[0]) > _MOST_OF_MANY


def basic(pair: tuple[str, str]) -> str:
    """Return the header that carries user and password (RFC 7617)."""
    return "Basic " + base64.b64encode(":".join(pair).encode()).decode()


def _decoded(entry: str) -> tuple[str, str] | None:
    try:
        user, found, password = base64.b64decode(entry, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if found else None


def _helped(helper: str, host: str) -> tuple[str, str] | None:
    """Ask a credential helper, a program of its own, by its protocol: the host in, JSON out."""
    try:
        done = subprocess.run(
            [f"docker-credential-{helper}", "get"], input=host.encode(), capture_output=True, timeout=HELPER_SECONDS,
            check=True,
        )  # fmt: skip
        said: Any = json.loads(done.stdout)
        return str(said["Username"]), str(said["Secret"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None
