"""A bit that flips in the cache, in the store or in a package is noticed before anything is made of it."""

import contextlib
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mainline.errors import PackageError
from mainline.package.predictor import Predictor
from tests.faults import audit, kills
from tests.faults.world import World

Campaign = Callable[[World, int, int], Iterator[str]]


def before_push(world: World, seed: int, most: int) -> Iterator[str]:
    """Flip a bit of each object of the cache that the store lacks, one at a time; yield '' where push refused it."""
    kills.prepare("push", world)
    for name, bit in _chosen(world, seed, most):
        kills.prepare("push", world)
        with _flipped(_cached(world, name), bit):
            refused = world.run("push", succeed=None)
        wrong = audit.look(world).there
        if refused.returncode == 0:
            yield f"{name} was pushed with another bit"
        elif any(audit.md5(content) != held.removesuffix(".dir") for held, content in wrong.items()):
            yield f"{name} is wrong in the store"
        else:
            yield _told(refused.stderr, name)


def before_promotion(world: World, seed: int, most: int) -> Iterator[str]:
    """Flip a bit of each object here and in the store; yield '' where promote refused to make a version of it."""
    kills.prepare("promote, first", world)
    world.run("push")
    for name, bit in _chosen(world, seed, most):
        key = _key(world, name)
        sound = world.store.read(key)[key]
        world.store.flip(key, bit)
        with _flipped(_cached(world, name), bit):
            refused = world.run("promote", succeed=None)
        world.store.write(key, sound)
        tags = audit.look(world).tags
        yield f"{name} was released with another bit: {sorted(tags)}" if tags else _told(refused.stderr, name)
        kills.forget_versions(world)


def mended_by_promotion(world: World, seed: int, most: int) -> Iterator[str]:
    """Flip a bit of each object in the store alone; yield '' where promote put the sound one in its place."""
    kills.prepare("promote, first", world)
    world.run("push")
    for name, bit in _chosen(world, seed, most):
        world.store.flip(_key(world, name), bit)
        world.run("promote")
        now = audit.look(world)
        problems = [*now.wrong, *audit.without_artifacts(world, now)]
        yield f"{name} stayed in the store with another bit" if problems or not now.tags else ""
        kills.forget_versions(world)


def before_pull(world: World, seed: int, most: int) -> Iterator[str]:
    """Flip a bit of each object in the store, the only place that has it; yield '' where pull refused it."""
    kills.prepare("push", world)
    world.run("push")
    for name, bit in list(_chosen(world, seed, most)):
        kills.prepare("pull", world)
        key = _key(world, name)
        sound = world.store.read(key)[key]
        world.store.flip(key, bit)
        refused = world.run("pull", succeed=None)
        world.store.write(key, sound)
        now = audit.look(world)
        world.run("pull")  # whole again, it is taken
        if refused.returncode == 0:
            yield f"{name} was pulled with another bit"
        elif now.wrong:
            yield f"{name} is wrong in the cache"
        else:
            yield _told(refused.stderr, name)


def on_load(world: World, seed: int, most: int) -> Iterator[str]:
    """Flip a bit of each file of the package; yield '' where the predictor refused to load it."""
    package = world.project.path / "models/package"
    seeded = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for file in sorted(path for path in package.rglob("*") if path.is_file())[:most]:
        sound = file.read_bytes()
        file.unlink()  # it may be one file with the cache's
        changed = bytearray(sound)
        changed[seeded.randrange(len(sound))] ^= 1 << seeded.randrange(8)
        file.write_bytes(changed)
        try:
            Predictor.load(package)
            yield f"{file.name} was loaded with another bit"
        except PackageError:
            yield ""
        finally:
            file.write_bytes(sound)


CAMPAIGNS: Mapping[str, Campaign] = {
    "cache, before push": before_push,
    "cache and store, before promotion": before_promotion,
    "store, mended by promotion": mended_by_promotion,
    "store, on pull": before_pull,
    "package, on load": on_load,
}


def _chosen(world: World, seed: int, most: int) -> Iterator[tuple[str, int]]:
    """Yield objects of the commit in the workspace, listings of folders and files in turn, each with a random bit."""
    seeded = random.Random(seed)  # noqa: S311 - repeatable, not secret
    now = audit.look(world)
    names = sorted(kills.of_workspace(world, now))
    listings = [name for name in names if name.endswith(".dir")]
    files = [name for name in names if not name.endswith(".dir")]
    mixed = [name for pair in zip(listings, files, strict=False) for name in pair]
    for name in [*mixed, *(name for name in names if name not in mixed)][:most]:
        content = now.here.get(name) or now.there[name]
        yield name, seeded.randrange(8 * len(content))


def _told(said: str, name: str) -> str:
    """Say what is wrong with how a refusal was told; '' where it is one line that names the object."""
    last = said.strip().splitlines()[-1] if said.strip() else ""
    told = last.startswith("mainline: ") and "Traceback" not in said
    return "" if told else f"{name}: the refusal is not told in a line: {said[-300:]}"


@contextlib.contextmanager
def _flipped(file: Path, bit: int) -> Iterator[None]:
    """Change one bit of a file of the cache, with the mode that DVC gives it, and put the sound one back."""
    sound = file.read_bytes()
    changed = bytearray(sound)
    changed[bit // 8] ^= 1 << bit % 8
    _replace(file, bytes(changed))
    try:
        yield
    finally:
        _replace(file, sound)


def _replace(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)
    file.write_bytes(content)
    file.chmod(0o444)


def _cached(world: World, name: str) -> Path:
    return world.project.path / ".dvc/cache/files/md5" / name[:2] / name[2:]


def _key(world: World, name: str) -> str:
    return f"{world.prefix}/files/md5/{name[:2]}/{name[2:]}"
