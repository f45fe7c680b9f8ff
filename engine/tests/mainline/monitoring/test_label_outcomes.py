"""Outcomes of an experiment by labels: each row that a version answered, its label, and what that adds up to."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.data import pseudonyms
from mainline.data.pseudonyms import VARIABLE
from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.errors import MainlineError, ParamsError
from mainline.exchange import outcomes, routes
from mainline.exchange.outcomes import Outcomes, Tally
from mainline.exchange.place import Place
from mainline.exchange.routes import Route, Routes
from mainline.monitoring import label_feed, label_outcomes, rollup
from mainline.monitoring.inspection import Asked
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from tests.mainline.monitoring import logs
from usecase import interface

STABLE, CANDIDATE = "v1.0.0", "v1.1.0"
KIND = label_feed.wanted(interface)
Line = dict[str, Any]
Answered = Callable[..., Line]
Labels = Callable[..., pd.DataFrame]
"""From the numbers of events, each with its label, to the table of them; `late` is added to when they became known."""


@pytest.fixture
def arms(packaged: Packaged) -> dict[str, Packaged]:
    """Two versions that read the same requests."""
    return {STABLE: packaged, CANDIDATE: Packaged({**packaged.manifest, "digest": "e" * 64}, packaged.contents)}


@pytest.fixture
def place(tmp_path: Path, arms: dict[str, Packaged]) -> Place:
    """The folder of a follower that is at a step in which both answer."""
    made = Place(tmp_path / "follower")
    follow(made, arms)
    return made


def follow(place: Place, arms: dict[str, Packaged], experiment: str | None = "x", metric: str | None = "mae") -> None:
    """Write what the server follows."""
    shares = [Route(version=name, package=place.package(arm.digest), weight=50) for name, arm in arms.items()]
    routes.write(place.routing, Routes(revision=1, routes=shares, experiment=experiment, metric=metric))


@pytest.fixture
def answered(lines: list[Line], arms: dict[str, Packaged]) -> Answered:
    """Write the line of the answer of a version to an event by its number, at a minute."""

    def write(number: int, version: str, predicted: float, *, minute: int = 0, **more: Any) -> Line:
        parts = {"experiment": "x", "client": "", "request_id": f"{number}-{version}-{minute}", **more}
        time = f"{logs.DAY}T03:{minute:02d}:00.000+00:00"
        digest = arms[version].digest
        return logs.changed(lines[number], version=version, digest=digest, prediction=[predicted], time=time, **parts)

    return write


@pytest.fixture
def labels(lines: list[Line], packaged: Packaged) -> Labels:
    """Write labels; each became known an hour after the prediction unless it is later."""
    given = {name: [line["inputs"][name][0] for line in lines] for name in KIND.names}

    def write(by_number: dict[int, float | None], late: str = "2030-01-01T00:00:00Z") -> pd.DataFrame:
        keys = {name: [values[number] for number in by_number] for name, values in given.items()}
        table = pd.DataFrame({**keys, KIND.label: [*by_number.values()], "known_at": pd.Timestamp(late)})
        return label_feed.check(table, KIND, "labels")

    assert packaged.request
    return write


def count(
    place: Place, folder: Path, arms: dict[str, Packaged], written: list[Line], found: pd.DataFrame, **more: Any
) -> Outcomes | None:
    """Roll up a log of some lines and count what labels say."""
    logs.write(folder / "log", logs.encode(*written))
    store, packages = Store(folder / "store"), {arm.digest: arm for arm in arms.values()}
    rollup.roll(folder / "log", store, packages)
    return label_outcomes.update(place, store, packages, asked(found, **more))


def asked(found: pd.DataFrame, **more: Any) -> Asked:
    """Return what brings the labels."""
    parts = {"kind": KIND, "fetch": lambda _, __: found, "evaluation": Evaluation(slice_min_rows=100), **more}
    return Asked(
        environment="production", policy=Monitoring(), bias=5.0, slice_rows=100, until=datetime.now(UTC), written={},
        **parts,
    )  # fmt: skip


def mean(found: Outcomes, version: str) -> float:
    """Return the mean outcome of a version."""
    tally = found["versions"][version]
    return found["origin"] + tally["sum"] / tally["number"]


def without_origin(found: Outcomes, version: str) -> Tally:
    """Return a tally of the values themselves."""
    tally, origin = found["versions"][version], found["origin"]
    return {
        **tally,
        "sum": tally["sum"] + origin * tally["number"],
        "squares": tally["squares"] + 2 * origin * tally["products"] + origin**2 * tally["counts"],
        "products": tally["products"] + origin * tally["counts"],
    }


def test_each_answer_counts_for_the_version_that_gave_it(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """Errors of 1 and 3 minutes of one version and of 2 and 7 of the other, added up by hand."""
    written = [
        answered(0, STABLE, 11.0), answered(1, STABLE, 7.0), answered(2, CANDIDATE, 12.0), answered(3, CANDIDATE, 3.0),
    ]  # fmt: skip
    found = count(place, tmp_path, arms, written, labels(dict.fromkeys(range(4), 10.0)))
    assert found is not None
    assert (mean(found, STABLE), mean(found, CANDIDATE)) == (2.0, 4.5)
    expected = {"units": 2, "number": 2, "sum": 9.0, "squares": 53.0, "products": 9.0, "counts": 2}
    assert without_origin(found, CANDIDATE) == pytest.approx(expected)
    assert outcomes.read(place.labelled) == found
    assert found["experiment"] == "x"
    assert not found["left_out"]


def test_metric_says_what_is_counted(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """Of a quantile of 0.9 a minute too low costs 0.9, and a minute too high 0.1."""
    follow(place, arms, metric="pinball_0.9")
    written = [answered(0, STABLE, 11.0), answered(1, CANDIDATE, 8.0)]
    found = count(place, tmp_path, arms, written, labels({0: 10.0, 1: 10.0}))
    assert found is not None
    assert mean(found, STABLE) == pytest.approx(0.1)
    assert mean(found, CANDIDATE) == pytest.approx(1.8)


def test_client_that_keeps_its_version_is_one_unit(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """Three rows of one client and one of another: 2 units, their numbers 3 and 1, their sums 6 and 4, by hand."""
    written = [answered(number, CANDIDATE, 11.0 + number, client="a") for number in range(3)]
    written.append(answered(3, CANDIDATE, 14.0, client="b"))
    found = count(place, tmp_path, arms, written, labels(dict.fromkeys(range(4), 10.0)))
    assert found is not None
    expected = {"units": 2, "number": 4, "sum": 10.0, "squares": 52.0, "products": 22.0, "counts": 10}
    assert without_origin(found, CANDIDATE) == pytest.approx(expected)
    assert found["versions"][STABLE]["units"] == 0


def test_rows_of_one_request_are_one_unit(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """A request is dealt as a whole, so its rows stand together."""
    written = [answered(number, CANDIDATE, 12.0, request_id="one") for number in range(3)]
    found = count(place, tmp_path, arms, written, labels(dict.fromkeys(range(3), 10.0)))
    assert found is not None
    assert (found["versions"][CANDIDATE]["units"], found["versions"][CANDIDATE]["number"]) == (1, 3)


def test_first_answer_to_an_event_counts(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """Asked again, of the same version or the other, is counted as such and moves nothing."""
    written = [
        answered(0, CANDIDATE, 15.0, minute=9), answered(0, STABLE, 13.0, minute=5),
        answered(0, STABLE, 11.0, minute=7),
    ]  # fmt: skip
    found = count(place, tmp_path, arms, written, labels({0: 10.0}))
    assert found is not None
    assert mean(found, STABLE) == 3.0
    assert found["versions"][CANDIDATE]["number"] == 0
    assert found["left_out"]["asked again"] == 2


def test_labels_that_wait_or_never_come_are_counted(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """One has a label, one will never have one, two wait; an answer after its label was known does not count."""
    written = [answered(number, CANDIDATE, 12.0) for number in range(5)]
    early = labels({4: 10.0}, "2001-01-01T00:00:00Z")
    found = count(place, tmp_path, arms, written, pd.concat([labels({0: 10.0, 1: None}), early], ignore_index=True))
    assert found is not None
    assert found["versions"][CANDIDATE]["number"] == 1
    assert found["left_out"] == {
        "asked after the label was known": 1, "that never get a label": 1, "without a label yet": 2,
    }  # fmt: skip


def test_corrected_and_late_labels_count_as_they_are_now(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """A second look counts what came since, and the correction in the place of what it corrects; nothing twice."""
    written = [answered(number, CANDIDATE, 12.0) for number in range(3)]
    first = count(place, tmp_path, arms, written, labels({0: 10.0}))
    again = count(place, tmp_path, arms, written, labels({0: 11.0, 1: 10.0, 2: 10.0}))
    assert first is not None
    assert again is not None
    assert (mean(first, CANDIDATE), mean(again, CANDIDATE)) == pytest.approx((2.0, 5 / 3))
    assert again["origin"] == first["origin"], "the points of the way are less the same origin"
    assert [point[CANDIDATE]["number"] for point in again["trace"]] == [1, 3]
    unchanged = count(place, tmp_path, arms, written, labels({0: 11.0, 1: 10.0, 2: 10.0}))
    assert unchanged == again


def test_other_experiments_and_plain_answers_do_not_count(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels, lines: list[Line]
) -> None:
    """Rows of an earlier step, of another server, and outside of any experiment stay out; a new step begins at none."""
    written = [answered(0, CANDIDATE, 12.0), answered(1, CANDIDATE, 12.0, experiment="w"), lines[2]]
    found = count(place, tmp_path, arms, written, labels(dict.fromkeys(range(3), 10.0)))
    assert found is not None
    assert found["versions"][CANDIDATE]["number"] == 1
    assert found["versions"][STABLE]["number"] == 0
    follow(place, arms, experiment="y")
    after = count(place, tmp_path, arms, written, labels(dict.fromkeys(range(3), 10.0)))
    assert after is not None
    assert (after["experiment"], after["trace"], after["versions"][CANDIDATE]["number"]) == ("y", [], 0)


def test_nothing_is_counted_where_nothing_asks_for_it(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """Without an experiment, with one whose outcomes clients send, and without a follower there is no file."""
    written = [answered(0, CANDIDATE, 12.0)]
    for experiment, metric in ((None, "mae"), ("x", None)):
        follow(place, arms, experiment, metric)
        assert count(place, tmp_path, arms, written, labels({0: 10.0})) is None
    place.routing.unlink()
    assert count(place, tmp_path, arms, written, labels({0: 10.0})) is None
    assert not place.labelled.exists()


def test_log_of_before_has_no_experiment(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], lines: list[Line], labels: Labels
) -> None:
    """Lines without the field, or with something else in it, are of no experiment."""
    written = [lines[0], logs.changed(lines[1], experiment=["x"], client=3), logs.changed(lines[2], experiment=None)]
    found = count(place, tmp_path, arms, written, labels(dict.fromkeys(range(3), 10.0)))
    assert found is not None
    assert all(not tally["number"] for tally in found["versions"].values())


def test_values_that_are_no_outcome_are_left_out(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """A deviance of a prediction that is not above zero has no value, and an absurd one none that can be added up."""
    arms = {
        name: Packaged({**arm.manifest, "response": {**arm.manifest["response"], "maximum": None}}, arm.contents)
        for name, arm in arms.items()
    }
    follow(place, arms, metric="poisson_deviance")
    written = [answered(0, CANDIDATE, 0.0), answered(1, CANDIDATE, 1e300), answered(2, CANDIDATE, 2.0)]
    found = count(place, tmp_path, arms, written, labels(dict.fromkeys(range(3), 2.0)))
    assert found is not None
    assert (found["versions"][CANDIDATE]["number"], found["left_out"]["without a value"]) == (1, 2)
    assert mean(found, CANDIDATE) == pytest.approx(0.0)


def test_key_that_the_log_hides_joins_its_label(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A personal key is a hash in the log: labels are hashed alike, and a machine without the key says so."""
    monkeypatch.setenv(VARIABLE, "n" * 32)
    (field,) = (field for field in KIND.key if field.name == "flight")
    hidden = {
        name: Packaged({**arm.manifest, "personal": {"flight": "who"}}, arm.contents) for name, arm in arms.items()
    }
    written = [answered(0, STABLE, 11.0), answered(1, CANDIDATE, 13.0)]
    for line in written:
        hashed = pseudonyms.load()[0].column(field, np.array(line["inputs"]["flight"]))
        line["inputs"]["flight"] = hashed.tolist()
    found = count(place, tmp_path, hidden, written, labels({0: 10.0, 1: 10.0}))
    assert found is not None
    assert (mean(found, STABLE), mean(found, CANDIDATE)) == (1.0, 3.0)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(MainlineError, match=r"^The log has hashes of flight, and their key is not here; set "):
        count(place, tmp_path, hidden, written, labels({0: 10.0, 1: 10.0}))


def test_what_cannot_be_counted_is_one_line(
    place: Place, tmp_path: Path, arms: dict[str, Packaged], answered: Answered, labels: Labels
) -> None:
    """A metric that the use case has not, and no labels at all: what is wrong, and what to do."""
    written = [answered(0, CANDIDATE, 12.0)]
    with pytest.raises(MainlineError, match=r"^there are no labels\. Write src/usecase/labels\.py, or name a file"):
        count(place, tmp_path, arms, written, labels({0: 10.0}), fetch=None)
    follow(place, arms, metric="accuracy")
    said = (
        r"^deploy/production\.yaml: rollout\.analysis\.outcome\.metric: is 'accuracy'; of a regression it is one of mae"
    )
    with pytest.raises(ParamsError, match=said):
        count(place, tmp_path, arms, written, labels({0: 10.0}))
    assert not place.labelled.exists()


def test_versions_that_have_not_answered_yet_have_no_outcomes(place: Place, tmp_path: Path, labels: Labels) -> None:
    """Where the package of neither version is known here, nothing is counted, and nothing breaks."""
    found = label_outcomes.update(place, Store(tmp_path / "store"), {}, asked(labels({0: 10.0})))
    assert found is not None
    assert (found["versions"], found["trace"]) == ({}, [])
