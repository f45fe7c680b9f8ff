"""`history`: tables that fit a terminal, JSON of the same, and pictures."""

import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from mainline.commands.history import NOTHING, graph, history
from mainline.registry.history import HistoryError
from tests.mainline.registry import registries
from tests.mainline.registry.registries import Registry, at
from tests.project import SEARCH_PATH, Project


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Three versions, one of them by hand and archived, and two environments; shared, so tests only read it."""
    made = registries.create(tmp_path_factory.mktemp("released") / "registry")
    made.release("v1.0.0", 1, rmse=16.0)
    made.release("v1.1.0", 2, rmse=14.0, window={"test": ["2013-04"]})
    made.assign("v1.0.0", 3, "rollback")
    made.assign("v1.1.0", 4, "approval", "staging")
    made.commit(5)
    made.git("tag", "model@v1.1.1")
    made.tag("model@v1.1.1!", 6, "archived")
    return made


def test_the_tables_say_what_was_released_and_what_is_where(released: Registry) -> None:
    """Both tables, newest first, with a dash for what no record says and a word on other rows."""
    assert (
        history(None, False, released.path)
        == """
version  registered UTC    by   digest        rmse   change  replaced  now
v1.1.1   2026-01-06 00:00  -    -                -       -   -         archived
v1.1.0   2026-01-03 00:00  Ada  010100ababab    14  -12.5%*  v1.0.0    staging
v1.0.0   2026-01-02 00:00  Ada  010000ababab    16       -   -         production

* tested on other rows than the version it replaced, so some of the change is theirs;
  `./mainline lineage VERSION` has the gate's comparison on the same rows

environment  #  version  since UTC         by     why       replaced
staging      1  v1.1.0   2026-01-05 00:00  Grace  approval  -
production   3  v1.0.0   2026-01-04 00:00  Grace  rollback  v1.1.0
production   2  v1.1.0   2026-01-03 00:00  Grace  release   v1.0.0
production   1  v1.0.0   2026-01-02 00:00  Grace  release   -"""
    )


def test_the_json_says_the_same(released: Registry) -> None:
    """For programs: times in UTC, whole digests, null for what is not known."""
    told = json.loads(history("production", True, released.path))
    assert told["environment"] == "production"
    assert [item["version"] for item in told["versions"]] == ["v1.1.0", "v1.0.0"]
    assert (told["versions"][0]["when"], len(told["versions"][0]["digest"])) == ("2026-01-03T00:00:00Z", 64)
    assert told["versions"][0]["quality"] == {
        "metric": "rmse", "value": 14.0, "baseline": 17.0, "change": -0.125, "same_rows": False,
    }  # fmt: skip
    assert [item["until"] for item in told["assignments"]] == [None, "2026-01-04T00:00:00Z", "2026-01-03T00:00:00Z"]


def test_the_tables_fit_a_hundred_columns_whatever_people_are_called(
    empty: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long and wide names, large numbers and many environments are cut short, and nothing reaches the terminal."""
    monkeypatch.setenv("COLUMNS", "100")
    empty.git("config", "tag.gpgSign", "false")
    empty.release("v100.200.300", 1, rmse=123456.789)
    empty.release("v100.200.301", 2, rmse=1.5e-7, window={"test": ["2014-01"]})
    for name in ("staging-of-the-northern-hemisphere", "canary", "shadow", "europe-west"):
        empty.assign("v100.200.301", 3, environment=name)
    for number, by in ((300, "日本" * 20), (301, "\x1b[2JMallory the unprintable")):
        empty.commit(4, x=str(number))
        empty.git("-c", f"user.name={by}", "tag", "model@v200.0." + str(number))
    for line in history(None, False, empty.path).splitlines():
        assert sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in line) <= 100
        assert line.isprintable()


def test_before_the_first_release_it_says_what_to_do(empty: Registry) -> None:
    """Nothing is not an error, but there is nothing to draw."""
    assert history(None, False, empty.path) == NOTHING
    assert history("production", False, empty.path) == "production had no version yet."
    nothing: dict[str, Any] = {
        "environment": None,
        "versions": [],
        "assignments": [],
        "skipped": [],
        "unreleased": None,
    }
    assert json.loads(history(None, True, empty.path)) == nothing
    with pytest.raises(HistoryError, match=r"there is nothing to draw\. No version was registered yet"):
        graph(None, at(1), repository=empty.path)


def test_pictures_are_drawn_without_a_network(released: Registry, tmp_path: Path) -> None:
    """A PNG, and an SVG that names every version and environment."""
    png, svg = (Path(line) for line in graph(None, at(9), tmp_path / "new", released.path).splitlines())
    assert png.read_bytes().startswith(b"\x89PNG\r\n")
    assert len(png.read_bytes()) > 20_000
    drawn = svg.read_text()
    assert all(f">{word}<" in drawn for word in ("v1.0.0", "v1.1.0", "staging", "production", "rollback", "rmse"))
    assert ">3 versions, 2026-01-02 to 2026-01-10 (UTC)<" in drawn


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["history", "--environment", "staging"], 0, "v1.1.0"),
        (["history", "--environment", "stagin"], 1, "mainline: there is no environment 'stagin'; did you mean"),
        (["lineage", "v1.1.0"], 0, "package digest 010100abab"),
        (["lineage", "v1.2.0"], 1, "mainline: there is no version 'v1.2.0'; did you mean 'v1.1.0'?"),
        (["delivery", "--json"], 0, '"environment": "production"'),
        (["delivery", "--days", "0"], 2, "'0' is not a number of days above 0"),
    ],
)
def test_the_commands_answer_from_a_shell(released: Registry, arguments: list[str], code: int, said: str) -> None:
    """Each command prints its answer and exits with 0, or one line of what is wrong and another code."""
    done = subprocess.run(
        [sys.executable, "-m", "mainline", *arguments], cwd=released.path, capture_output=True, text=True, check=False,
        env={**Project(released.path).environment(), "PYTHONPATH": SEARCH_PATH},
    )  # fmt: skip
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True)
    assert len(done.stderr.splitlines()) == (code == 1) or code == 2
