"""No raw value of a hidden field leaves: not by a row, a segment, an error, a file or a word of the command."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from mainline.replay import console, masking, section
from mainline.replay.examination import Asked, replay
from mainline.replay.finding import Replay
from mainline.report import markdown, page
from tests.mainline.monitoring.month import Month
from tests.mainline.replay.conftest import LATE, ask, changed
from usecase import interface

SEGMENTS = 'return {"carrier": columns["carrier"], "origin": columns["origin"], "hour": hour}'


def told(store: Store, packaged: Packaged, candidate: Packaged, asked: Asked) -> str:
    """Replay, and return all that anybody is shown or that is kept of it."""
    found, reason = replay(store, {packaged.digest: packaged}, candidate, packaged, asked)
    document = Replay(
        environment="production",
        candidate="abc",
        digest=None,
        commit=None,
        against="v1.0.0",
        answers=found,
        reason=reason,
    )
    report = section.alone(document)
    return "\n".join([document.model_dump_json(), markdown.write(report), page.write(report), console.render(document)])


def personal(**names: str) -> Any:
    """Return a use case that declares fields to be of a person."""
    return SimpleNamespace(PERSONAL=names, LABEL=interface.LABEL)


@pytest.fixture
def tails(flights: Month) -> list[str]:
    """The raw values of the field that is hidden here: registrations of planes."""
    return sorted(set(flights.request["tailnum"].tolist()) - {""})


@pytest.mark.parametrize("how", ["hide", "PERSONAL", "package"])
def test_no_raw_value_of_a_hidden_field_is_told(
    store: Store, packaged: Packaged, candidate: Packaged, flights: Month, tails: list[str], how: str
) -> None:
    """Hidden by the section, by the use case as it is now, or by the package: the others are shown."""
    asked = ask(requests=len(flights.label), hide=["tailnum"] if how == "hide" else [])
    if how == "PERSONAL":
        asked = dataclasses.replace(asked, interface=personal(tailnum="labels are joined by it"))
    if how == "package":
        candidate = changed(packaged, LATE, personal={"tailnum": "labels are joined by it"})
    text = told(store, packaged, candidate, asked)
    assert [value for value in tails if value in text] == []
    assert "JFK" in text
    assert "tailnum" in text, "that it is hidden is told"
    shown = told(store, packaged, changed(packaged, LATE), ask(requests=len(flights.label)))
    assert [value for value in tails if value in shown], "without a declaration they are shown, so the test can see"


def test_a_segment_that_repeats_a_hidden_field_is_not_named(
    store: Store, packaged: Packaged, flights: Month, tails: list[str]
) -> None:
    """The report names each segment, so a use case that groups by such a field would name its values."""
    scoring = packaged.contents["code/scoring.py"].decode()
    assert SEGMENTS in scoring
    repeating = scoring.replace(SEGMENTS, 'return {"plane": columns["tailnum"], "hour": hour}').encode()
    own = Packaged(packaged.manifest, {**packaged.contents, "code/scoring.py": repeating})
    often = max(tails, key=flights.request["tailnum"].tolist().count)
    candidate = changed(own, f"minutes = 20 * (columns['tailnum'] == '{often}')")
    asked = ask(requests=len(flights.label), rows=0)
    few = dataclasses.replace(asked, evaluation=asked.evaluation.model_copy(update={"slice_min_rows": 1}))
    assert often in told(store, packaged, candidate, few), "the test can see it"
    hiding = dataclasses.replace(few, policy=few.policy.model_copy(update={"hide": ("tailnum",)}))
    text = told(store, packaged, candidate, hiding)
    assert [name for name in tails if name in text] == []


def test_code_that_fails_with_a_value_says_its_kind_alone(store: Store, packaged: Packaged, tails: list[str]) -> None:
    """An error's words may have a request in them."""
    failing = changed(packaged, "minutes = int(columns['tailnum'][0] or 'N0')")
    text = told(store, packaged, failing, ask(hide=["tailnum"]))
    assert "its code failed on these requests with ValueError" in text
    assert [value for value in tails if value in text] == []


def test_a_replay_writes_nothing_but_its_report(
    store: Store, packaged: Packaged, candidate: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No copy of a request is left in the folder, or where temporary files are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in store.folder.rglob("*")}
    told(store, packaged, candidate, ask(hide=["tailnum"]))
    assert list(tmp_path.iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in store.folder.rglob("*")} == before


def test_numbers_that_happen_to_be_among_hidden_ones_are_shown() -> None:
    """A weekday is not an age, though each of its values is one, too."""
    request = {"age": np.arange(7), "weekday": np.array([0, 1, 2, 3, 4, 0, 1]), "copy": np.arange(7)}
    assert list(masking.shown(request, list(request), {"age"})) == ["weekday"]
