"""A fit that was killed goes on, and ends with the bytes of one that was not."""

import os
import signal
import subprocess
import sys
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.declared import params
from mainline.declared.fit import Fit
from mainline.errors import ParamsError
from mainline.stages import checkpoints, entries
from mainline.stages.harness import PINNED
from tests.mainline.serving.running import wait_for
from tests.mainline.stages import gradual
from tests.mainline.stages.gradual import (
    FOREST,
    HGB,
    LGBM,
    MLP,
    PERIODS,
    SAMPLED,
    SIZES,
    XGB,
    declare,
    draw,
    exported,
    fitted,
    install,
    predict,
    run_by_dvc,
    write,
)  # fmt: skip
from tests.project import LIMIT, ROOT

KEPT = entries.FOLDER / "train"


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def _periods(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder with four prepared periods, as DVC runs the stage train there."""
    monkeypatch.chdir(tmp_path)
    install(monkeypatch)
    run_by_dvc(monkeypatch)
    for number, period in enumerate(PERIODS):
        write(period, draw(number))


def declare_rounds(type_: str, **changed: Any) -> params.Params:
    """Declare twenty rounds, with a checkpoint after each five of them."""
    return declare(type_, {"checkpoint": 5}, **{SIZES[type_]: 20, **SAMPLED[type_], **changed})


@pytest.mark.parametrize(("type_", "moment"), [*product((HGB, XGB, LGBM), (1, 3, 4)), (FOREST, 3)])
def test_a_fit_that_ended_goes_on_to_the_same_bytes(
    type_: str, moment: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends after its first, third or last checkpoint."""
    declared = declare_rounds(type_)
    whole = exported(declared)
    checkpoints.forget("train")
    keep, written = checkpoints.Checkpoint.write, []

    def killed(self: checkpoints.Checkpoint, state: Any) -> None:
        keep(self, state)
        written.append(state)
        if len(written) == moment:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoint, "write", killed)
        with pytest.raises(KilledError):
            fitted(declared)
    assert exported(declared) == whole
    assert f"going on after round {5 * moment}," in capsys.readouterr().out


@pytest.mark.slow
def test_a_fit_that_is_killed_goes_on_to_the_same_bytes() -> None:
    """SIGKILL before there is a checkpoint, when the first one appears, and after two later ones."""
    program = [sys.executable, "-P", "-m", gradual.__name__]
    folders = (ROOT / "engine/src", ROOT / "src", ROOT / "engine")
    environment = os.environ | PINNED | {"PYTHONPATH": os.pathsep.join(map(str, folders))}
    run = partial(subprocess.run, program, env=environment, capture_output=True, text=True, timeout=LIMIT, check=True)
    whole = run().stdout.split()[-1]
    checkpoints.forget("train")
    seen = b""
    for moment in range(4):
        process = subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True)
        if moment:
            wait_for(partial(_is_another, seen))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=LIMIT)
        assert process.returncode == -signal.SIGKILL
        seen = _kept()
    ended = run().stdout
    assert "going on after round" in ended
    assert ended.split()[-1] == whole


def _is_another(before: bytes) -> bool:
    return _kept() != before


def _kept() -> bytes:
    """Return the seal of the checkpoint; nothing if there is none."""
    return b"".join(file.read_bytes()[:64] for file in KEPT.glob("*") if not file.name.endswith(".partial"))


@pytest.mark.parametrize("type_", SIZES)
def test_without_sampling_segments_change_nothing(type_: str) -> None:
    """A fit with checkpoints predicts what the estimator's own fit does."""
    whole = {name: 1.0 for name in SAMPLED[type_] if name in ("subsample", "colsample_bytree", "max_features")}
    declared = declare_rounds(type_, **whole)
    at_once = declared.model_copy(update={"model": declared.model.model_copy(update={"fit": Fit()})})
    assert np.array_equal(predict(fitted(declared)), predict(fitted(at_once)))


def test_a_pass_over_the_periods_is_a_round(capsys: pytest.CaptureFixture[str]) -> None:
    """What `partial_fit` made goes on, too."""
    declared = declare(MLP, {"by": "period", "passes": 4, "checkpoint": 2})
    assert exported(declared) == exported(declared)
    assert "going on after round 4" in capsys.readouterr().out


def test_a_damaged_checkpoint_is_thrown_away_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """One bit has flipped."""
    declared = declare_rounds(XGB)
    whole = exported(declared)
    (kept,) = KEPT.iterdir()
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    assert exported(declared) == whole
    assert "the checkpoint of an earlier fit is damaged; it is thrown away" in capsys.readouterr().out


@pytest.mark.parametrize("change", ["rows", "hyperparameters", "seed", "code"])
def test_another_fit_does_not_go_on_from_it(
    change: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key is of all that reaches the model."""
    declared = declare_rounds(XGB)
    fitted(declared)
    if change == "rows":
        write(PERIODS[0], draw(8))
    elif change == "code":
        run_by_dvc(monkeypatch, "other")
    elif change == "seed":
        declared = declared.model_copy(update={"seed": 8})
    else:
        declared = declare_rounds(XGB, max_depth=2)
    fitted(declared)
    assert "going on" not in capsys.readouterr().out


def test_nothing_is_kept_unless_dvc_runs_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """`try`, `tune` and a stage that a person starts leave nothing behind."""
    monkeypatch.delenv("DVC_STAGE")
    fitted(declare_rounds(XGB))
    assert not entries.FOLDER.exists()


def test_forgotten_checkpoints_are_gone() -> None:
    """As the stage does once it has ended well."""
    fitted(declare_rounds(XGB))
    assert len([*KEPT.iterdir()]) == 1
    checkpoints.forget("train")
    assert not KEPT.exists()


@pytest.mark.parametrize(
    ("type_", "hyperparameters", "said"),
    [
        ("sklearn.linear_model.Ridge", {}, "Ridge is not fitted in rounds"),
        (HGB, {}, "may stop by itself.*early_stopping: false"),
        (LGBM, {"boosting_type": "dart"}, "is dart, whose later rounds change"),
        (XGB, {"tree_method": "exact"}, "knows no rounds or periods"),
    ],
)
def test_what_cannot_go_on_is_refused(type_: str, hyperparameters: Any, said: str) -> None:
    """Each with what to do."""
    with pytest.raises(ParamsError, match=said):
        fitted(declare(type_, {"checkpoint": 5}, **hyperparameters))
