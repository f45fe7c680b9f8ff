"""An excerpt of production's requests in a release of its own, for a repository without a store.

It is one release for each environment, `requests/ENVIRONMENT`, which the machines with the log keep up to date. Its
file is named by its content. A new one is there before the old one goes, so that a reader always finds one.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from mainline import files, progress
from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.exchange import place as places
from mainline.exchange.place import Place
from mainline.github import api
from mainline.github.api import Api
from mainline.monitoring import shared_rows
from mainline.registry import artifact
from mainline.replay import excerpt

_ASSET = re.compile(r"requests-[0-9a-f]{12}\.zip")
_ABOUT = (
    "Requests that {0} had lately, without the fields that are personal or hidden; `./mainline monitor --share` keeps "
    "them up to date, and `./mainline replay` reads them. To be rid of them, declare `replay.release: false` in "
    "deploy/{0}.yaml, and delete this release."
)


def give(environment: str, pack: Callable[[bytes | None], bytes | None]) -> str:
    """Put an excerpt into the release of an environment; say in a line what was done.

    Args:
        environment: whose requests they are.
        pack: makes the excerpt from the one that is there; None if there is no request.

    Raises:
        MainlineError: when GitHub refuses, or nothing can be sent there from here.
    """
    github = api.connect()
    if not github.token:
        raise MainlineError("GITHUB_TOKEN is not set; it needs one that may write contents.")
    release = _release(github, environment)
    there = _assets(release)
    content = pack(github.download(there[-1]["url"], excerpt.MAX_BYTES) if there else None)
    if content is None:
        return f"No request of {environment} is here yet, so its release stays as it is."
    name = f"requests-{hashlib.sha256(content).hexdigest()[:12]}.zip"
    if name not in {asset["name"] for asset in there}:
        release = release or github.ask("POST", "/releases", _about(environment))
        github.attach(release, name, content)
    for asset in _assets(release, whole=False):
        if asset["name"] != name:
            github.ask("DELETE", f"/releases/assets/{int(asset['id'])}")
    return f"{len(content) / 1e6:.1f} MB of requests are in the release {_tag(environment)}."


def fetch() -> str:
    """Bring the excerpts that environments declare; say in a line what came, '' if none is declared.

    Raises:
        MainlineError: when GitHub does not give one that is there.
    """
    declared = [name for name, one in environments.load_all().items() if one.replay.release]
    github = api.find() if declared and not shared_rows.is_shared() else None
    if github is None:
        return ""
    came = []
    for environment in declared:
        there = _assets(_release(github, environment))
        if there:
            with progress.clock(f"fetching the requests of {environment}"):
                content = github.download(there[-1]["url"], excerpt.MAX_BYTES)
            files.replace(Place(places.folder(environment, None)).requests, content)
            came.append(environment)
    return f"Requests of {', '.join(came)} came from a release." if came else "No release has requests yet."


def _tag(environment: str) -> str:
    return artifact.branch("requests", environment)


def _release(github: Api, environment: str) -> Mapping[str, Any] | None:
    tag = _tag(environment)
    return next((one for one in github.pages("/releases") if one["tag_name"] == tag and not one["draft"]), None)


def _assets(release: Mapping[str, Any] | None, whole: bool = True) -> list[Mapping[str, Any]]:
    """Return the excerpts of a release, the newest last; with `whole` only those that were sent to their end."""
    found = release.get("assets", []) if release else []
    own = [one for one in found if _ASSET.fullmatch(one["name"]) and (one["state"] == "uploaded" or not whole)]
    return sorted(own, key=lambda one: int(one["id"]))


def _about(environment: str) -> dict[str, Any]:
    tag = _tag(environment)
    return {
        "tag_name": tag, "name": f"Requests of {environment}", "body": _ABOUT.format(environment), "draft": False,
        "prerelease": True, "make_latest": "false",
    }  # fmt: skip
