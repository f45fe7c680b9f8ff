"""Addresses of repositories: the one that is followed, the one on the web, and each as it may be shown."""

import re

from mainline.errors import MainlineError
from mainline.registry.origin import remote
from mainline.repository.git import ask

_SSH = re.compile(r"^(?:ssh://git@([^:/]+)(?::\d+)?/|git@([^:/]+):)")


def followed(url: str | None) -> str:
    """Return the URL or folder of a repository that is named, or of the one that everyone reads.

    Raises:
        MainlineError: when git would take it for an option, or none is named and this repository has no remote.
    """
    if url is None:
        name = remote()
        if not name:
            raise MainlineError("this repository has no remote to follow; name a URL or a folder.")
        return ask("remote", "get-url", name)
    if not url or url.startswith("-"):
        raise MainlineError(f"'{url}' is not a repository; name a URL or a folder.")
    return url


def without_password(url: str) -> str:
    """Return an address as it may be shown and written down: over HTTP without who signs in."""
    return re.sub(r"^(https?://)[^/]*@", r"\1", url)


def web() -> str:
    """Return the address of the repository's pages on the web; '' where its remote has none."""
    named = remote()
    url = over_https(without_password(ask("remote", "get-url", named))) if named else ""
    return url.removesuffix(".git").rstrip("/") if url.startswith(("https://", "http://")) else ""


def over_https(url: str) -> str:
    """Turn the address of a repository over SSH to the same one over HTTPS; another one stays."""
    return _SSH.sub(r"https://\1\2/", url)
