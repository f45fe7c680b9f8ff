"""The order of the engine's rooms, and what measures and draws it."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from structure import faults, figures, graph, picture, waits
from structure.rooms import ROOMS
from tests.project import ROOT

ENGINE = ROOT / "engine"
ORDER = {"": "ground", "low": "first", "high": "second"}


def read(folder: Path, **modules: str) -> graph.Graph:
    """Write modules of a package `mainline` by name, with two underscores for a dot, and read what they import."""
    package = folder / "mainline"
    for name, text in {"ground": "", "low__first": "", "high__last": "", **modules}.items():
        path = package / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return graph.read(package)


def test_the_engine_has_no_fault_of_structure() -> None:
    """No circle of modules or folders, no import that runs back up, no name of three, none that is a participle."""
    assert faults.find(graph.read(ENGINE / "src" / "mainline"), ROOMS) == []


def test_imports_down_the_rooms_are_no_fault(tmp_path: Path) -> None:
    """A room may import those before it in the list, and the ground."""
    found = read(tmp_path, high__last="from mainline.low import first", low__first="from mainline import ground")
    assert faults.find(found, ORDER) == []


@pytest.mark.parametrize(
    "text", ["from mainline.low import second", "def work():\n    from mainline.low.second import x"]
)
def test_a_circle_of_modules_is_found(tmp_path: Path, text: str) -> None:
    """Two modules that import each other are named, also if one of them does it inside a function."""
    found = read(tmp_path, low__first=text, low__second="import mainline.low.first")
    assert any(line.startswith("modules import each other in a circle: low.first, low.second;")
               for line in faults.find(found, ORDER))  # fmt: skip


def test_an_import_for_type_checkers_makes_no_circle(tmp_path: Path) -> None:
    """What runs only in a type checker is not an arrow."""
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from mainline.low import second"
    assert faults.find(read(tmp_path, low__first=typed, low__second="import mainline.low.first"), ORDER) == []


def test_a_circle_of_folders_is_found_without_one_of_modules(tmp_path: Path) -> None:
    """Two folders that import each other are named, at whichever depth they lie."""
    modules = {"low__a__one": "from mainline.low.b import two", "low__a__four": "",
               "low__b__two": "", "low__b__three": "from mainline.low.a import four"}  # fmt: skip
    (line,) = faults.find(read(tmp_path, **modules), ORDER)
    assert line.startswith("folders or modules import each other in a circle: low.a, low.b;")


def test_an_import_that_runs_back_up_is_found(tmp_path: Path) -> None:
    """The line names both modules."""
    (line,) = faults.find(read(tmp_path, low__first="from mainline.high import last"), ORDER)
    assert line.startswith("low.first imports high.last, which is above it;")


def test_a_room_without_a_place_and_a_place_without_a_room_are_found(tmp_path: Path) -> None:
    """The list of rooms and the folders are held to each other."""
    found = faults.find(read(tmp_path, new__module=""), {**ORDER, "gone": "nothing"})
    assert [line.partition(";")[0] for line in found] == [
        "new has no place among the rooms",
        "engine/structure/rooms.py lists gone, which is not there",
    ]


def test_a_name_of_three_modules_is_found(tmp_path: Path) -> None:
    """Two modules may have one name, three may not; that of a command is the command's."""
    two = {"low__report": "", "high__report": ""}
    assert faults.find(read(tmp_path, **two), ORDER) == []
    assert faults.find(read(tmp_path, commands__report=""), {**ORDER, "commands": "what is typed"}) == []
    (tmp_path / "mainline" / "commands" / "report.py").unlink()
    (line,) = faults.find(read(tmp_path, **two, report=""), ORDER)
    assert line.startswith("3 modules are named report: high.report, low.report, report;")


@pytest.mark.parametrize("name", ["passed", "rows_seen"])
def test_a_participle_for_a_name_is_found(tmp_path: Path, name: str) -> None:
    """A module says what it holds by a noun, be it `feed`; a command is called as it is typed."""
    assert faults.find(read(tmp_path, low__feed=""), ORDER) == []
    assert faults.find(read(tmp_path, **{f"commands__{name}": ""}), {**ORDER, "commands": "what is typed"}) == []
    (tmp_path / "mainline" / "commands" / f"{name}.py").unlink()
    (line,) = faults.find(read(tmp_path, **{f"low__{name}": ""}), ORDER)
    assert line.startswith(f"low.{name} has a participle for a name;")


def test_figures_are_measured_in_both_layouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revision before the engine had a folder and one after it are columns of one table, each with its own owners."""
    monkeypatch.chdir(tmp_path)
    first = commit(
        tmp_path,
        {
            "README.md": "a\nb\n",
            "dvc.yaml": "stages:\n",
            "src/usecase/rows.py": "",
            "src/mainline/low/first.py": "def one():\n    return 1\n\n\ndef two():\n    return 2\n",
            "src/mainline/ground.py": "import mainline.low.first\n",
            "tests/usecase/test_rows.py": "x = 1\n",
            "tests/mainline/test_first.py": "y = 1\nz = 2\n",
        },
    )
    (tmp_path / "engine").mkdir()
    for old, new in (("src/mainline", "engine/src"), ("tests/mainline", "engine/tests")):
        (tmp_path / new).mkdir(parents=True)
        subprocess.run(["git", "mv", old, new], check=True)
    second = commit(tmp_path, {"README.md": "a\n"})
    rows = [re.split(r" *\| *", line.strip("| ")) for line in figures.table([first, second]).splitlines()[2:]]
    found = {name: (before, after) for name, before, after in rows}
    assert found["entries at the top"] == ("4", "5")
    assert found["lines of README.md"] == ("2", "1")
    assert found["engine: files, lines of Python"] == ("2, 7", "2, 7")
    assert found["tests of the engine: files, lines of Python"] == ("1, 2", "1, 2")
    assert found["tests of the use case: files, lines of Python"] == ("1, 1", "1, 1")
    assert found["imports across rooms"] == ("1", "1")
    assert found["files of more than 250 lines, the longest"] == ("0, 6", "0, 6")
    assert found["syntax nodes a line of code"] == ("2.00", "2.00")


def test_waits_are_those_of_the_commands_after_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both run in a clone with the change; what set-up left is gone, the environment is not, and a failure is said."""
    monkeypatch.chdir(tmp_path)
    steps = [{"uses": "checkout"}, {"run": "make check"}, {"run": "make test"}, {"run": "git show $BASE --stat"}]
    makefile = (
        "check:\n\t@test ! -e cache && test -e .venv || test ! -e .venv\n\t@mkdir -p .venv cache\n"
        "test:\n\t@grep -q 'max_iter: 201 #' params.yaml\n"
    )
    files = {
        "params.yaml": "model:\n  max_iter: 200 # trees\n",
        "Makefile": makefile,
        ".gitignore": ".venv\ncache\n",
        waits.WORKFLOW: yaml.safe_dump({"jobs": {"code": {"steps": steps}}}),
    }
    first = commit(tmp_path, files)
    for value in waits.measure(first).values():
        taken, worked = value.split(", ")
        assert int(taken) >= int(worked) - 1, "one program at a time works no longer than it takes"
    second = commit(tmp_path, {"Makefile": makefile.replace("201", "7")})
    assert [value.rpartition(", ")[2] for value in waits.measure(second).values()] == ["failed", "failed"]


def commit(folder: Path, files: dict[str, str]) -> str:
    """Write files into a repository, commit everything, and return the commit."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    said = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, text=True, stdout=subprocess.PIPE)
    return said.stdout.strip()


def test_the_picture_shows_no_arrow_that_others_imply(tmp_path: Path) -> None:
    """Rooms stand from the top down, and an import that goes by way of another room is left out."""
    found = read(tmp_path, high__last="from mainline.low import first\nfrom mainline.middle import one",
                 middle__one="from mainline.low import first")  # fmt: skip
    drawn = picture.draw(found, {"": "", "low": "", "middle": "", "high": ""})
    assert drawn.split() == [
        "flowchart",
        "TD",
        "high",
        "middle",
        "low",
        "high",
        "-->",
        "middle",
        "middle",
        "-->",
        "low",
    ]


def test_the_picture_in_the_readme_is_the_one_of_the_code() -> None:
    """`engine/README.md` shows what `python -P -m structure picture` draws."""
    assert picture.is_shown(graph.read(ENGINE / "src" / "mainline"), ROOMS, ENGINE / "README.md")


def test_a_picture_of_other_rooms_is_noticed(tmp_path: Path) -> None:
    """A document with another graph does not show the rooms, and does once the graph is put into it."""
    found = read(tmp_path, high__last="from mainline.low import first")
    document = tmp_path / "README.md"
    document.write_text("before\n```mermaid\nflowchart TD\n    low --> high\n```\nafter\n", encoding="utf-8")
    assert not picture.is_shown(found, ORDER, document)
    document.write_text(picture.insert(document.read_text(encoding="utf-8"), picture.draw(found, ORDER)))
    assert picture.is_shown(found, ORDER, document)
    assert document.read_text(encoding="utf-8").startswith("before\n```mermaid\nflowchart TD\n    high\n    low\n")


def test_the_machinery_speaks_of_no_flight() -> None:
    """It serves any use case: the flights are the fork's, and the tests' copy is named by its path alone."""
    said = re.compile(r"flight|airport|airline|carrier|nycflights", re.IGNORECASE)
    copy = re.compile(r"tests/flights|\bFLIGHTS\b|preflight")
    files = [path for path in (ENGINE / "src").rglob("*") if path.suffix in {".py", ".txt", ".yml", ".html"}]
    lines = [(path, line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(path.name, line) for path, line in lines if said.search(copy.sub("", line))] == []
