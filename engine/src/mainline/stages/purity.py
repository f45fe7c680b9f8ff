"""What the work on a partition does beside computing on its arguments; such work is not reused.

Python reports to an audit hook (PEP 578) what it opens, connects to and starts. What a use case keeps in its modules,
and chance drawn from them or from Python's or numpy's global generator, is seen by looking before and after. Not seen
are the clock, a new generator without a seed, an attribute of an object, a default argument, an iterator, what
`multiprocessing` does, and files and connections that a library opens in C: `./mainline verify` finds those.
"""

import os
import pickle
import random
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from mainline.data import local_files
from mainline.stages import fingerprint

ACTS = {
    "socket.connect": "opens a connection",
    "socket.getaddrinfo": "asks for the address of a machine",
    "subprocess.Popen": "starts a process",
    "os.system": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.exec": "starts a process",
    "os.fork": "starts a process",
    "builtins.breakpoint": "stops in a debugger",
}
"""What is said of the events that no key can hold."""
DEPTH = 4
"""How deep containers within containers are looked into."""

_acts: list[str] | None = [] if "DVC_STAGE" in os.environ else None
"""What was done since the watch began; None if there is no watch. A stage that DVC runs is watched from here on."""


@contextmanager
def watched(allowed: Sequence[Path], modules: frozenset[Path]) -> Iterator[list[str]]:
    """Gather, when what is inside has ended, why its results are not reused; the list stays empty if they may be.

    Args:
        allowed: files and folders that count as arguments.
        modules: the first-party code that may be imported.
    """
    global _acts
    found: list[str] = []
    state, outer, acts = _state(), _acts, list[str]()
    _acts = acts
    try:
        with local_files.recorded() as opened:
            yield found
    finally:
        _acts = outer
    found += [*acts, *unknown(opened, allowed, modules), *_changed(state, _state())]


def so_far() -> list[str]:
    """Return what was done since a stage that DVC runs began, by modules on import, and end that watch."""
    global _acts
    acts, _acts = _acts or [], None
    return acts


def unknown(opened: Iterable[local_files.Opening], allowed: Iterable[Path], modules: frozenset[Path]) -> list[str]:
    """Say which file was read, and which module imported, that no key names."""
    file = local_files.foreign(opened, allowed)
    late = next((file for file in map(fingerprint.file_of, _of_use_case()) if file not in modules), None)
    return ([f"{file} is read, which dvc.yaml does not declare"] if file else []) + (
        [f"{late} is imported only while a period is computed"] if late else []
    )


def _state() -> dict[str, tuple[Any, Any]]:
    """Mark what a use case could carry from one call to the next: its modules' names, and the global generators.

    A value stands for itself, so that no other one comes to its place in memory meanwhile.
    """
    held = {
        f"{module.__name__}.{name}": (value, _content(value))
        for module in _of_use_case()
        for name, value in vars(module).items()
        if not name.startswith("__")
    }
    chance = pickle.dumps((random.getstate(), np.random.get_state()))
    return held | {"chance": (None, chance)}


def _of_use_case() -> list[ModuleType]:
    """List the imported modules that are ours, but for the machinery: it keeps nothing, and links name all of it."""
    return [one for one in fingerprint.modules() if one.__name__.split(".")[0] != fingerprint.MACHINERY]


class _Itself:
    """A value that stands for itself: what is held keeps its place in memory, so that no other one comes there."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self._value is other._value

    __hash__ = None  # type: ignore[assignment]


def _content(value: Any, depth: int = 0) -> Any:
    """Copy what may change within a container or generator; what is neither stands for itself."""
    if depth > DEPTH:
        return _Itself(value)
    if isinstance(value, dict):
        return [(_content(key, depth + 1), _content(item, depth + 1)) for key, item in value.items()]
    if isinstance(value, list | tuple | set | deque):
        return [_content(item, depth + 1) for item in value]
    if isinstance(value, bytearray | np.ndarray | pd.DataFrame | pd.Series | pd.Index):
        return pickle.dumps(value)
    if isinstance(value, random.Random | np.random.Generator | np.random.RandomState):
        return pickle.dumps(value)
    return _Itself(value)


def _changed(before: dict[str, tuple[Any, Any]], after: dict[str, tuple[Any, Any]]) -> Iterator[str]:
    """Say what is not as it was."""
    for name in sorted(before.keys() | after.keys()):
        (old, content), (new, now) = before.get(name, (None, "")), after.get(name, (None, ""))
        if old is not new or content != now:
            yield "the use case draws from chance" if name == "chance" else f"{name} changes from period to period"


def _hook(event: str, _: tuple[Any, ...]) -> None:
    if _acts is not None and event in ACTS:
        _acts.append(f"the use case {ACTS[event]}")


sys.addaudithook(_hook)
