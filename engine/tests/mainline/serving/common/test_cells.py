"""Tokens of keys that several processes take from."""

import os
from pathlib import Path
from time import monotonic

import pytest

from mainline.declared.service import Throttle
from mainline.serving.answering import keys
from mainline.serving.answering.keys import Bucket
from mainline.serving.common import cells
from mainline.serving.common.cells import Cells


def test_processes_share_the_tokens_of_a_key() -> None:
    """What another process took is not there any more."""
    descriptor = cells.make()
    child = os.fork()
    if not child:
        bucket = Bucket(0.001, 5, Cells(descriptor).cell("0123456789ab", 5))
        os._exit(sum(bucket.take(monotonic()) == 0 for _ in range(3)))
    taken = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    bucket = Bucket(0.001, 5, Cells(descriptor).cell("0123456789ab", 5))
    assert (taken, sum(bucket.take(monotonic()) == 0 for _ in range(9))) == (3, 2)


def test_each_key_has_tokens_of_its_own() -> None:
    """Two keys whose ids fall on one place do not share it."""
    shared = Cells(cells.make())
    first, second = f"{7:012x}", f"{7 + cells.PLACES:012x}"
    shared.cell(first, 5)[0] = 1.0
    assert (shared.cell(first, 5)[0], shared.cell(second, 8)[0]) == (1.0, 8.0)


def test_keys_that_are_read_again_keep_their_tokens(tmp_path: Path) -> None:
    """A worker that starts later, or reads the file again, fills no bucket."""
    file, shared = tmp_path / "keys.yaml", Cells(cells.make())
    keys.make(file, "client", "predict")
    throttle = Throttle(requests_per_second=0.001, burst=2)
    for left in (0.0, 0.0, pytest.approx(1000, abs=5)):
        key = next(iter(keys.load(file, throttle, None, shared.cell).by_id.values()))
        assert key.bucket.take(monotonic()) == left


def test_without_a_place_a_worker_counts_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """More keys than there are places: the last ones are throttled by each worker, and the log says so."""
    monkeypatch.setattr(cells, "PLACES", 2)
    shared = Cells(cells.make())
    with caplog.at_level("ERROR", "mainline.serving"):
        last = [shared.cell(f"{number:012x}", 3) for number in range(3)][-1]
    assert last[0] == 3.0
    assert "no place is left" in caplog.text
