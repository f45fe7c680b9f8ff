"""How far the fits of a stage have come, kept until the stage ends well: a fit that was killed goes on from there.

The state is an entry beside those of the ledger, in `.dvc/tmp`. Its key names the fit by content: its rows, parameters,
code, libraries and settings. Only stages that DVC runs keep and take anything.
"""

import hashlib
import json
import os

import numpy as np

from mainline import progress
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.parts import Rows
from mainline.declared.params import Params
from mainline.model.rounds import State
from mainline.stages import entries, fingerprint
from mainline.stages.entries import DamagedError, Entry
from mainline.stages.harness import BY_DVC, is_reused

MODEL = "model"
"""The name of the estimator's bytes in an entry."""


class Checkpoint:
    """The state of one fit; see `rounds.Memory`."""

    def __init__(self, stage: str, key: str) -> None:
        self._stage, self._key = stage, key

    def read(self) -> State | None:
        """Return the last state of the same fit, and say so; None if there is none, or it is damaged."""
        try:
            entry = entries.read(self._stage, self._key)
        except DamagedError:
            progress.say("the checkpoint of an earlier fit is damaged; it is thrown away, and the fit begins anew")
            entries.remove(self._stage, self._key)
            return None
        if entry is None:
            return None
        state = State(int(entry.report["rounds"]), entry.report["losses"], entry.files[MODEL])
        progress.say(f"going on after round {state.rounds}, where an earlier fit ended")
        return state

    def write(self, state: State) -> None:
        """Keep a state in the place of the one before; a full disk costs the checkpoint and not the fit."""
        report = {"rounds": state.rounds, "losses": [float(loss) for loss in state.losses]}
        try:
            entries.write(self._stage, self._key, Entry({MODEL: state.content}, report))
        except OSError as error:
            progress.say(f"no checkpoint after round {state.rounds}: {error.strerror or error}")


def of(params: Params, rows: Rows) -> Checkpoint | None:
    """Return the checkpoint of a fit; None if none is declared, or DVC does not run the stage."""
    if params.model.fit.checkpoint is None or not is_reused():
        return None
    stage = os.environ[BY_DVC]
    declared = params.model_dump(mode="json", include={"seed", "features", "preprocessing", "model"})
    code = fingerprint.take(stage, dataset.FOLDER).digest
    content = json.dumps([code, declared, _digest(rows)], sort_keys=True)
    return Checkpoint(stage, hashlib.sha256(content.encode()).hexdigest())


def forget(stage: str) -> None:
    """Remove what is kept of the fits of a stage."""
    entries.forget(stage)


def _digest(rows: Rows) -> str:
    """Return the sha256 of the features, labels and request of n rows, and of how they are parted."""
    seal = hashlib.sha256()
    for batch in rows.batches():
        seal.update(f"{len(batch)};".encode())
        for name, values in batch.as_columns().items():
            seal.update(f"{name};{values.dtype};".encode())
            seal.update(_bytes(values))
    return seal.hexdigest()


def _bytes(values: Array) -> bytes | memoryview:
    if values.dtype.kind != "O":
        return (
            np.ascontiguousarray(values).data.cast("B")
            if len(values) and values.dtype.kind != "M"
            else values.tobytes()
        )
    return "".join(f"{len(text)}:{text}" for text in map(str, values.tolist())).encode("utf-8", "surrogatepass")
