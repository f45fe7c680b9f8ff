"""The command: a report of before never stands for this one, one run at a time, and a kill leaves nothing half."""

import argparse
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from mainline import exclusion, files
from mainline.commands import replay
from mainline.errors import MainlineError
from mainline.replay import section
from tests.mainline.replay.examples import found

FORMS = ["replay.html", "replay.json", "replay.md"]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """A replay of made up answers, in a folder of its own."""
    monkeypatch.setattr(replay, "_found", lambda _: found())
    parser = argparse.ArgumentParser()
    replay.arguments(parser)
    return parser.parse_args(["v1.1.0", "--output", str(tmp_path / "report")])


def written(asked: argparse.Namespace) -> list[str]:
    """Name the files that a reader may take for a report."""
    return sorted(path.name for path in asked.output.iterdir() if not path.name.startswith("."))


def test_it_writes_three_forms(asked: argparse.Namespace, capsys: pytest.CaptureFixture[str]) -> None:
    """They and the terminal say the same."""
    assert "would move by more than" in replay.run(asked)
    assert written(asked) == FORMS
    assert section.TITLE in capsys.readouterr().out


def test_a_second_one_at_the_same_time_is_told_to_wait(asked: argparse.Namespace) -> None:
    """Otherwise one's page could stand beside the other's figures; what the first one wrote stays."""
    replay.run(asked)
    before = {name: (asked.output / name).read_bytes() for name in FORMS}
    with (
        exclusion.alone(asked.output / ".replay.lock", "the first one"),
        pytest.raises(MainlineError, match=r"another `./mainline replay` runs here"),
    ):
        replay.run(asked)
    assert {name: (asked.output / name).read_bytes() for name in FORMS} == before


def _die(asked: argparse.Namespace, before: str) -> None:
    """Run it until it would write a form, and end as a kill does."""
    write = files.replace

    def kill(path: Path, text: Any) -> None:
        if path.name == before:
            os.kill(os.getpid(), signal.SIGKILL)
        write(path, text)

    files.replace = kill  # type: ignore[assignment]
    replay.run(asked)


@pytest.mark.parametrize("before", FORMS)
def test_a_kill_leaves_no_report_of_before_and_the_next_run_is_whole(asked: argparse.Namespace, before: str) -> None:
    """Whatever was written is of this run; the lock ends with its process."""
    replay.run(asked)
    process = multiprocessing.get_context("fork").Process(target=_die, args=(asked, before))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    order = ["replay.json", "replay.md", "replay.html"]
    assert written(asked) == sorted(order[: order.index(before)])
    replay.run(asked)
    assert written(asked) == FORMS
