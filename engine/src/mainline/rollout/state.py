"""The rollout's state as it is written down, before it is acted on."""

import json
from typing import Any

from pydantic import TypeAdapter

from mainline import files
from mainline.errors import ParamsError
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
        if raw.pop("format") != FORMAT:
            raise ValueError("its format is another one")
        return _parse(raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(_unusable(place, " ".join(str(error).split()))) from error


def write(place: Place, state: State) -> None:
    """Replace the state; after this it survives a kill and a loss of power."""
    files.replace(place.state, json.dumps({"format": FORMAT, **_STATE.dump_python(state)}), durable=True)


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
