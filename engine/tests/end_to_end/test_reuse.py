"""Months that are taken from an earlier run have the bytes that they have from nothing."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from mainline.declared.compute import SETTING
from mainline.stages.harness import BY_DVC, NO_REUSE
from tests import project as projects
from tests.project import Project

REPRO = ("python", "-m", "mainline", "repro")
MADE = ("data", "models", ".dvc/cache", ".dvc/tmp", "dvc.lock")
"""What a run leaves outside of git, and the lock."""
CARRIED = """    earlier = rows["warmth"].mean() if previous is None else previous["weather"]["warmth"].mean()
    return {"weather": pd.DataFrame({"time": minutes, "warmth": rows["warmth"] + earlier})}
"""
MONTHS = [f"2013-0{month}" for month in range(1, 7)]
STEPS = 4
LONGEST = 12.0  # seconds until a kill


@pytest.fixture
def city(tmp_path: Path) -> Project:
    """The use case of one place, nothing run, whose weather looks back to the week before."""
    made = projects.copy(tmp_path / "project")
    projects.replace_use_case(made, projects.CITY)
    edit(made, "tables.py", r"    return \{\"weather\".*\n", CARRIED)
    made.declare(data={"through": "2024-W12"})
    return made


def test_what_depends_on_an_edited_week_is_made_again(city: Project) -> None:
    """After one week more and an edit of the second, those whose features look back to it are made, the first is not.

    Both stages say so, and all bytes are those from nothing.
    """
    city.run("dvc", "repro", "prepare")
    city.declare(data={"through": "2024-W13"})
    edit(city, "source.py", r"WEEKS\.index\(week\)\)", "WEEKS.index(week) + 9 * (week == WEEKS[1]))")
    said = city.run("dvc", "repro", "prepare").stdout
    assert "validate: 3 of 5 weeks taken from an earlier run" in said
    assert "prepare: 1 of 5 weeks taken from an earlier run" in said
    assert city.hashes().items() >= from_nothing(city, "dvc", "repro", "prepare").items()


def test_a_table_that_a_module_reads_on_import_keeps_all_from_reuse(city: Project) -> None:
    """A file that dvc.yaml does not declare is seen when the use case is imported, before the stage works."""
    edit(city, "schema.py", "(?m)^(?=EVENTS = )", "open('README.md').close()\n")
    city.run("engine/stage", "ingest")
    said = city.run("engine/stage", "validate", env={BY_DVC: "validate"}).stdout
    assert "README.md is read, which dvc.yaml does not declare" in said
    assert not (city.path / ".dvc/tmp/partitions/validate").exists()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_windows_edits_and_kills_change_no_byte(tmp_path: Path, seed: int) -> None:
    """Whatever window, edit, processes and kill came before: data, models and metrics are those from nothing."""
    chosen = random.Random(seed)  # noqa: S311 - repeatable, not secret
    made = projects.copy(tmp_path / "project")
    made.declare(model={"params": {"max_iter": 5}}, monitor={"fits": 0})
    reused = 0
    for _ in range(STEPS):
        first, length = chosen.randrange(3), chosen.randint(3, 4)
        made.declare(data={"from": MONTHS[first], "through": MONTHS[first + length - 1]})
        change(made, chosen)
        processes = {SETTING: f"processes: {chosen.randint(1, 3)}"}
        for _ in range(chosen.randrange(3)):
            kill(made, chosen.uniform(0.5, LONGEST), processes)
        said = made.run(*REPRO, env=processes).stdout
        reused += len(re.findall(r" [1-9]\d* of \d+ months taken from an earlier run", said))
        assert made.hashes() == from_nothing(made, *REPRO)
    assert reused


def change(made: Project, chosen: random.Random) -> None:
    """Edit nothing, a comment, a feature, a bound, a limit, or the data of a month."""
    what = chosen.randrange(6)
    if what == 1:
        file = made.path / chosen.choice(["src/usecase/features.py", "engine/src/mainline/data/lookup.py"])
        file.write_text(f"{file.read_text()}# {chosen.random()}\n")
    elif what == 2:
        edit(made, "tables.py", r"landed_at, gain, \d+, mean=", f"landed_at, gain, {chosen.randint(60, 999)}, mean=")
    elif what == 3:
        edit(made, "schema.py", r"Check.in_range\(-180, \d+\)", f"Check.in_range(-180, {chosen.randint(900, 3000)})")
    elif what == 4:
        made.declare(limits={"quarantined_share": chosen.choice([0.02, 0.03, 0.04])})
    elif what == 5:
        fewer = f"{chosen.randint(1, 9)} if month == {chosen.choice(MONTHS)!r} else 0"
        edit(made, "source.py", r"of_year - 1\](\.iloc\[.*:\])?", f"of_year - 1].iloc[{fewer}:]")


def edit(made: Project, name: str, pattern: str, text: str) -> None:
    """Change the places in a module of the use case that a pattern finds."""
    file = made.path / "src/usecase" / name
    changed, places = re.subn(pattern, lambda _: text, file.read_text())
    assert places
    file.write_text(changed)


def kill(made: Project, after: float, settings: Mapping[str, str]) -> None:
    """Start the pipeline, and kill it with all that it started."""
    with subprocess.Popen(
        REPRO, cwd=made.path, env=made.environment(settings), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        time.sleep(after)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def from_nothing(made: Project, *command: str) -> dict[str, str]:
    """Return the hashes that a copy gives in which nothing was ever run."""
    twin = made.path.with_name("twin")
    shutil.copytree(made.path, twin, symlinks=True, ignore=lambda place, names: _made(made, Path(place), names))
    copied = Project(twin)
    copied.run(*command, env={NO_REUSE: "1"})
    shutil.rmtree(twin / ".dvc/tmp")
    hashes = copied.hashes()
    shutil.rmtree(twin)
    return hashes


def _made(made: Project, place: Path, names: list[str]) -> list[str]:
    return [name for name in names if (place / name).relative_to(made.path).as_posix() in MADE]
