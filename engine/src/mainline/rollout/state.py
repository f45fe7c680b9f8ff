"""The rollout's state as it is written down, before it is acted on."""

import json
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from mainline import files
from mainline.errors import ParamsError
from mainline.exchange import server_report
from mainline.exchange.place import Place, StateError
from mainline.rollout.records import State

FORMAT = 1
_STATE = TypeAdapter(State)


def read(place: Place) -> State:
    """Return what was written last; the empty state where nothing was.

    A rollout under a policy that this version of the program cannot read is left out, and begins again.

    Raises:
        StateError: when the file is not one that `write` made.
    """
    try:
        raw = json.loads(place.state.read_bytes())
    except FileNotFoundError:
        return State()
    except (OSError, ValueError) as error:
        raise StateError(_unusable(place, str(error))) from error
    try:
        return parse(raw)
    except ValueError as error:
        raise StateError(_unusable(place, " ".join(str(error).split()))) from error


def write(place: Place, state: State) -> None:
    """Replace the state; after this it survives a kill and a loss of power."""
    files.replace(place.state, json.dumps(written(state)), durable=True)


def written(state: State) -> dict[str, Any]:
    """Return a state as the document that it is written down as."""
    return {"format": FORMAT, **_STATE.dump_python(state)}


def parse(raw: dict[str, Any]) -> State:
    """Read a document that `written` made.

    Raises:
        ValueError: when it is another one.
    """
    try:
        if raw.pop("format") != FORMAT:
            raise ValueError("its format is another one")
        return _parse(raw)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def usable(found: State) -> State:
    """Leave out a rollout that is at no step of its policy, or that began with no counters; it begins again."""
    progress = found.progress
    if progress is None:
        return found
    sound = found.stable is not None and 0 <= progress.step <= len(progress.policy.steps)
    sound = (
        sound
        and 0 <= progress.weight <= 100
        and 0 <= progress.mirror <= 100
        and server_report.are_counters(progress.baseline)
    )
    return found if sound else replace(found, progress=None, revision=found.revision + 1)


def _parse(raw: dict[str, Any]) -> State:
    try:
        return _STATE.validate_json(json.dumps(raw, allow_nan=False), strict=True)
    except ParamsError:
        again = raw | {"progress": None, "revision": raw["revision"] + 1}
        return _STATE.validate_json(json.dumps(again, allow_nan=False), strict=True)


def _unusable(place: Place, found: str) -> str:
    return (
        f"{place.state} cannot be used ({found[:200]}). The server goes on with {place.routing.name}. Move the file "
        "away: the follower then begins with what the events in git say was served last."
    )
