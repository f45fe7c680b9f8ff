"""What changed between two versions: the report lists it, the gate judges it, the release numbers it.

Everything here compares what two commits and two packages say of themselves; nothing is read from anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mainline.declared.params import SHAPING
from mainline.periods import told
from mainline.registry.records import Bump
from mainline.repository import lock
from mainline.text import few

CODE = ("src/", "engine/", "requirements/")
"""Where the code and the libraries lie that stages run."""

_WORDS = ("description", "example")
"""What is said about a field for people; nothing depends on it."""

Fields = Sequence[Mapping[str, Any]]


class Difference(NamedTuple):
    """A declared value that differs; None where one of the two does not declare it."""

    key: str
    before: Any
    after: Any


class Contract(NamedTuple):
    """What changed for clients: what breaks those there are, and what they need not notice."""

    breaking: list[str]
    compatible: list[str]


def parameters(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """List the parameters that shape the model and differ, by dotted name; features are one of them if reordered."""
    old, new = (dict(flat({name: params[name] for name in SHAPING if name in params})) for params in (before, after))
    if set(old.get("features") or ()) != set(new.get("features") or ()):
        old, new = ({key: value for key, value in each.items() if key != "features"} for each in (old, new))
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return [Difference(key, old.get(key), new.get(key)) for key in keys]


def features(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the features that are new and those that are gone."""
    old, new = set(before.get("features") or ()), set(after.get("features") or ())
    return sorted(new - old), sorted(old - new)


def code(before: str, after: str) -> list[str]:
    """Name the files that the stages of either lock ran, and that differ."""
    old, new = hashes(before), hashes(after)
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def contract(before: Mapping[str, Any], after: Mapping[str, Any]) -> Contract:
    """Compare what clients send and get, by the manifests of two packages.

    A request must take what it took; a response must say the same thing, within what it was.
    """
    breaking = [*narrowed(before["request"], after["request"]), *_response(before["response"], after["response"])]
    breaking += _classes(before.get("classes") or [], after.get("classes") or [])
    level, now = ((each.get("interval") or {}).get("level") for each in (before, after))
    breaking += _interval(level, now)
    if breaking:
        return Contract(breaking, [])
    changed = [name for name in ("request", "response") if _meaning(before[name]) != _meaning(after[name])]
    more = ["the response has an interval now"] if level is None and now is not None else []
    return Contract([], [*(f"the {name} changed, old clients fit" for name in changed), *more])


def meaning(
    clients: Contract, declared: Sequence[Difference], added: Sequence[str], removed: Sequence[str],
    files: Sequence[str], windows: tuple[str, str],
) -> tuple[Bump, str]:  # fmt: skip
    """Say which part of the version number moves, and why, for people.

    Args:
        clients: what `contract` found.
        declared: what `parameters` found.
        added: features that are new.
        removed: features that are gone.
        files: what `code` found.
        windows: the data of both, as text.

    Returns:
        major where old clients break, minor for other code, parameters or features, or a request that takes more, patch
        for other data alone.
    """
    if clients.breaking:
        return "major", few(clients.breaking)
    names = [item.key for item in declared if not item.key.startswith("data.")]
    moved = [f"features {sign}{name}" for sign, listed in (("+", added), ("-", removed)) for name in listed]
    changed = [*clients.compatible, *names, *moved, *files]
    if changed:
        return "minor", few(changed)
    if windows[0] != windows[1]:
        return "patch", f"data: {windows[0]} became {windows[1]}"
    return "patch", "the data changed, or another machine built it"


def narrowed(old: Fields, new: Fields) -> list[str]:
    """List why requests that fitted the old fields would be refused, or misread, by the new ones."""
    before, after = ({field["name"]: field for field in fields} for fields in (old, new))
    required = (name for name, field in after.items() if name not in before and not field.get("optional"))
    changes = [f"field '{name}' is gone" for name in before if name not in after]
    changes += [f"field '{name}' is required now" for name in required]
    for name in before.keys() & after.keys():
        changes += [f"field '{name}' {change}" for change in _narrower(before[name], after[name])]
    return sorted(changes)


def _narrower(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    changes = []
    kinds = old.get("kind"), new.get("kind")
    if kinds[0] != kinds[1] and kinds != ("integer", "number"):
        changes.append(f"is {kinds[1]}, was {kinds[0]}")
    if old.get("optional") and not new.get("optional"):
        changes.append("may no longer be left out")
    low, high, pattern = (new.get(name) for name in ("minimum", "maximum", "pattern"))
    if low is not None and (old.get("minimum") is None or low > old["minimum"]):
        changes.append(f"must be at least {low:g}")
    if high is not None and (old.get("maximum") is None or high < old["maximum"]):
        changes.append(f"must be at most {high:g}")
    if pattern is not None and pattern != old.get("pattern"):
        changes.append("must match another pattern")
    if (old.get("unit") or "") != (new.get("unit") or ""):
        changes.append(f"is in {new.get('unit') or 'no unit'}, was in {old.get('unit') or 'no unit'}")
    return changes


def _response(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """List why a client that reads the old response would misread the new one."""
    if old.get("name") != new.get("name"):
        return [f"the response is '{new.get('name')}', was '{old.get('name')}'"]
    if (old.get("unit") or "") != (new.get("unit") or ""):
        return [f"the response is in {new.get('unit') or 'no unit'}, was in {old.get('unit') or 'no unit'}"]
    return ["the response may be what it never was"] if _narrower(new, old) else []


def _classes(old: Sequence[Any], new: Sequence[Any]) -> list[str]:
    """List why classes mean something else now; their order is that of probabilities, and says which is positive."""
    if not old or not new or old == new:
        return []
    return [f"the classes are {', '.join(map(str, new))}, were {', '.join(map(str, old))}"]


def _interval(old: float | None, new: float | None) -> list[str]:
    """List why a client that reads the ends of an interval would miss or misread them."""
    if old is None or old == new:
        return []
    if new is None:
        return [f"the response has no interval, had one of {old * 100:g}%"]
    return [f"the interval is of {new * 100:g}%, was of {old * 100:g}%"]


def _meaning(fields: Any) -> Any:
    """What clients depend on: everything but the words about it."""
    if isinstance(fields, Mapping):
        return {name: value for name, value in fields.items() if name not in _WORDS}
    return [_meaning(field) for field in fields]


def flat(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of nested mappings by its dotted name."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from flat(item, f"{at}.{name}" if at else str(name))
    else:
        yield at, value


def hashes(locked: str) -> dict[str, str]:
    """Return the hash of each file and folder of code, and of the libraries, that the stages of a lock ran."""
    deps = (dep for entry in lock.entries(locked).values() for dep in entry.get("deps") or []) if locked else ()
    return {dep["path"]: dep["md5"] for dep in deps if dep["path"].startswith(CODE)}


def window(manifest: Mapping[str, Any]) -> str:
    """Say which data a package was made from: a snapshot and how it is cut, or the periods of its window."""
    parts = manifest["window"]
    if "snapshot" in manifest:
        return str(parts["test"][0])
    return told(sorted(period for part in parts.values() for period in part))
