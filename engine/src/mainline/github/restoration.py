"""`released`: put what released versions need into DVC's cache, from GitHub's releases, where nothing else has it."""

from collections.abc import Iterator, Mapping
from typing import Any

from mainline import progress
from mainline.declared import environments, gate, params
from mainline.github import api, archives
from mainline.github.api import Api, ApiError
from mainline.registry import artifact, tags
from mainline.registry.tags import Version
from mainline.release import promotion
from mainline.remote import listings, objects
from mainline.remote.objects import Output
from mainline.remote.store import StorageError
from mainline.remote.stores import open_cache, open_remote
from mainline.repository import lock


def restore() -> str:
    """Fetch what the gate, a promotion and a way back need; what cannot be had is said, and is not an error.

    Who needs it says so itself: the gate cannot tell, a promotion stops.
    """
    wanted = {(version, name): outputs for version, name, outputs in _wanted() if not _is_here(outputs)}
    if not wanted:
        return "Everything that released versions need is here, or in the store."
    github = api.find()
    if github is None:
        return "origin is not on GitHub, so there are no releases to look into."
    try:
        releases = {release["tag_name"]: release for release in github.pages("/releases")}
    except ApiError as error:
        return f"No release was looked into. {error}"
    found = [_fetch(github, releases.get(f"{artifact.name()}@{version}", {}), name) for version, name in wanted]
    return f"{sum(found)} objects were put into the cache."


def _wanted() -> Iterator[tuple[str, str, list[Output]]]:
    """Yield (version, archive, outputs): models of the last versions; the data too where this lock is one of theirs."""
    declared = environments.load_all()
    now = [version for version in map(tags.assigned, declared) if version is not None]
    same = promotion.known(lock.package_at("HEAD"))
    newest = tags.newest(gate.load(params.load().gate).slow_decay.versions)
    whole = {version.name for version in (*now, same) if version is not None}
    for version in _unique([*now, *([same] if same else []), *newest]):
        for name, outputs in archives.split(objects.of_commit(version.commit)).items():
            if outputs and (name == archives.MODEL or version.name in whole):
                yield version.name, name, outputs


def _unique(versions: list[Version]) -> list[Version]:
    return list({version.name: version for version in versions}.values())


def _is_here(outputs: list[Output]) -> bool:
    """Whether the cache or the store has all of it."""
    for place in (open_cache, open_remote):
        try:
            store = place()
            if not store.lacks(listings.expand(outputs, [store])):
                return True
        except StorageError:
            continue
    return False


def _fetch(github: Api, release: Mapping[str, Any], name: str) -> int:
    """Put one archive of a release into the cache; return how many objects were new."""
    url = next((asset["url"] for asset in release.get("assets", []) if asset["name"] == name), None)
    if url is None:
        return 0
    with progress.clock(f"fetching {name} of {release['tag_name']}"):
        return archives.unpack(github.download(url, archives.MAX_BYTES))
