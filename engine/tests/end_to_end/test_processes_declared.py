"""Where partitions are computed changes no byte: one process, two, three, declared by a file or by the variable."""

import shutil
from pathlib import Path

import pytest

from mainline.declared.compute import SETTING
from mainline.stages.harness import BY_DVC
from tests import project as projects
from tests.project import Project

STAGES = ("validate", "prepare")


@pytest.fixture
def city(tmp_path: Path) -> Project:
    """The use case of one place whose raw data is there."""
    made = projects.copy(tmp_path / "project")
    projects.replace_use_case(made, projects.CITY)
    made.run("engine/stage", "ingest")
    return made


def run(made: Project, **settings: str) -> tuple[dict[str, bytes], str]:
    """Run the stages that work on partitions; return the content of all that they wrote, and what they said."""
    said = "".join(made.run("engine/stage", stage, env=settings).stdout for stage in STAGES)
    files = [file for place in ("data", "metrics") for file in (made.path / place).rglob("*") if file.is_file()]
    return {file.relative_to(made.path).as_posix(): file.read_bytes() for file in files}, said


def test_the_same_bytes_come_out_of_any_number_of_processes(city: Project) -> None:
    """Every file of the data stages and every line that they say is the same for one, two and three processes."""
    expected = run(city)
    assert len(expected[0]) > 20
    (city.path / "compute.yaml").write_text("processes: 2\n")
    assert run(city) == expected
    assert run(city, **{SETTING: "processes: 3"}) == expected


def test_a_typo_stops_the_stage_in_one_line(city: Project) -> None:
    """Nothing is computed under a declaration that cannot be meant."""
    (city.path / "compute.yaml").write_text("proceses: 2\n")
    failed = city.run("engine/stage", "validate", succeed=False)
    assert "validate failed: compute.yaml: proceses: is not a known key; did you mean 'processes'?" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_an_error_of_the_use_case_names_its_line_from_any_process(city: Project) -> None:
    """The line of the use case and the first row are named as one process names them."""
    file = city.path / "src/usecase/features.py"
    text = file.read_text()
    assert "    return {" in text
    file.write_text(text.replace("    return {", "    int('seven')\n    return {"))
    city.run("engine/stage", "validate")
    failed = [
        city.run("engine/stage", "prepare", succeed=False, env={SETTING: f"processes: {number}"}).stderr
        for number in (1, 2)
    ]
    assert "prepare failed: src/usecase/features.py, line" in failed[0]
    assert failed[0] == failed[1]


def test_weeks_are_reused_whoever_computed_them(city: Project) -> None:
    """What two processes left is taken by one: no key holds where it was computed."""
    by_dvc = {BY_DVC: "prepare"}
    city.run("engine/stage", "validate")
    city.run("engine/stage", "prepare", env={**by_dvc, SETTING: "processes: 2"})
    for name in ("tables", "features"):  # as DVC does
        shutil.rmtree(city.path / "data" / name)
    assert "prepare: 6 of 6 weeks taken from an earlier run" in city.run("engine/stage", "prepare", env=by_dvc).stdout
