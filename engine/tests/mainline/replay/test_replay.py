"""What another version would have answered: counted right, of the declared requests, and judged by the truth."""

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.errors import ParamsError
from mainline.model import metrics
from mainline.monitoring import rollup
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from mainline.replay import moves, sample
from mainline.replay.answers import Answered
from mainline.replay.examination import Asked, replay
from mainline.replay.finding import Answers
from mainline.report.figures import UNKNOWN
from tests.mainline.monitoring.month import Month
from tests.mainline.replay.conftest import LATE, ask, changed


def replayed(store: Store, packaged: Packaged, candidate: Packaged, asked: Asked) -> Answers:
    """Replay the requests that `packaged` answered."""
    found, reason = replay(store, {packaged.digest: packaged}, candidate, packaged, asked)
    assert found is not None, reason
    return found


def test_answers_that_move_are_counted_where_they_are(
    store: Store, packaged: Packaged, candidate: Packaged, flights: Month
) -> None:
    """Each flight of the changed airport moves, and no other; the first segment is that airport, by its mean shift."""
    found = replayed(store, packaged, candidate, ask(requests=len(flights.label)))
    expected = int((flights.request["origin"] == "JFK").sum())
    assert (found.requests, found.logged, found.moved) == (len(flights.label), len(flights.label), expected)
    first = found.segments[0]
    assert first.requests == first.moved
    at = next(one for one in found.segments if (one.column, one.value) == ("origin", "JFK"))
    assert (at.requests, at.moved) == (expected, expected)
    assert at.shift == pytest.approx(20)
    assert not [one for one in found.segments if one.value in ("EWR", "LGA")]


def test_an_amount_that_nothing_reaches_moves_nothing(store: Store, packaged: Packaged, candidate: Packaged) -> None:
    """The declared amount is what counts: 20 minutes are not more than 21."""
    asked = dataclasses.replace(ask(), amount=21.0)
    found = replayed(store, packaged, candidate, asked)
    assert (found.moved, found.rows, found.segments) == (0, [], [])


def test_decisions_at_the_declared_threshold_are_counted(
    store: Store, packaged: Packaged, candidate: Packaged, flights: Month
) -> None:
    """Of the flights of that airport those change which come from below the threshold to it or above."""
    found = replayed(store, packaged, candidate, ask(requests=len(flights.label), threshold=15))
    before = flights.predict()
    late = (flights.request["origin"] == "JFK") & (before < 15) & (before + 20 >= 15)
    assert (found.crossed, found.threshold) == (int(late.sum()), "15")
    assert replayed(store, packaged, candidate, ask()).threshold == ""


def test_the_newest_requests_are_the_last_of_the_log(store: Store, packaged: Packaged, flights: Month) -> None:
    """As many as declared, of the last days that were logged, the same at each call."""
    policy = ask(requests=100).policy
    ((_, rows),) = sample.take(store, {packaged.digest: packaged}, policy).parts
    assert len(rows) == 100
    assert rows["event.moment"].max() == flights.moment.max()
    assert (rows["event.moment"] // 1440).min() >= flights.moment.max() // 1440 - 1
    ((_, again),) = sample.take(store, {packaged.digest: packaged}, policy).parts
    pd.testing.assert_frame_equal(rows, again)


def test_spread_requests_are_of_all_days_and_a_larger_sample_holds_the_smaller(
    store: Store, packaged: Packaged, flights: Month
) -> None:
    """The rule draws by the id of a request, so more requests add to those that were drawn before."""
    known = {packaged.digest: packaged}
    ((_, few),) = sample.take(store, known, ask(choice="spread", requests=300).policy).parts
    ((_, more),) = sample.take(store, known, ask(choice="spread", requests=600).policy).parts
    key = ["log.request_id", "log.row"]
    assert set(map(tuple, few[key].to_numpy())) < set(map(tuple, more[key].to_numpy()))
    assert len(few) == 300
    assert len(np.unique(few["event.moment"] // 1440)) > 0.8 * len(np.unique(flights.moment // 1440))


def test_logged_answers_are_compared_if_they_come_out_again(
    store: Store, packaged: Packaged, candidate: Packaged
) -> None:
    """Production is asked for a part of its answers alone; that it says them again is told."""
    found = replayed(store, packaged, candidate, ask())
    assert (found.is_logged, found.again, found.tried) == (True, 1000, 1000)


def test_answers_that_do_not_come_out_again_are_computed_for_both(
    store: Store, packaged: Packaged, candidate: Packaged, flights: Month
) -> None:
    """As if its tables were others: the log's answers would blame the candidate for what moved since."""
    other = changed(packaged, "minutes = 3 * np.ones(len(raw))", packaged.digest)
    found, _ = replay(store, {packaged.digest: packaged}, candidate, other, ask(requests=len(flights.label)))
    assert found is not None
    assert (found.is_logged, found.again) == (False, 0)
    assert found.moved == int((flights.request["origin"] == "JFK").sum()), "17 minutes there, 3 elsewhere"


def test_requests_that_another_version_answered_are_computed_for_both(
    store: Store, packaged: Packaged, candidate: Packaged
) -> None:
    """A version that was promoted just now has no answers in the log."""
    new = changed(packaged, "minutes = np.zeros(len(raw))", "d" * 64)
    found, _ = replay(store, {packaged.digest: packaged}, candidate, new, ask())
    assert found is not None
    assert (found.is_logged, found.tried, found.moved > 0) == (False, 0, True)


def test_the_truth_says_which_version_was_right(
    store: Store, packaged: Packaged, candidate: Packaged, labels: pd.DataFrame, flights: Month
) -> None:
    """A version that is later without a reason is surely worse; both metrics are those of the labelled requests."""
    found = replayed(store, packaged, candidate, ask(labels, requests=len(flights.label))).truth
    assert found is not None
    known = ~np.isnan(flights.label)
    error = (flights.predict() - flights.label)[known]
    assert found.requests == int(known.sum())
    assert found.metric == "rmse"
    assert found.against == pytest.approx(float(np.sqrt((error**2).mean())))
    assert (found.conclusion, found.fitted, found.candidate > found.against) == ("worse", 0, True)


def test_labels_of_requests_that_a_version_was_fitted_on_judge_nobody(
    store: Store, packaged: Packaged, labels: pd.DataFrame, flights: Month
) -> None:
    """A retrained candidate knows the months that the log is of: that it is right there shows nothing."""
    window = packaged.manifest["window"]
    newer = changed(packaged, LATE, window={**window, "train": [*window["train"], *window["test"]]})
    found = replayed(store, packaged, newer, ask(labels, requests=len(flights.label)))
    assert found.truth is None
    assert found.without_truth.startswith("One of the two was fitted on the period of each of the ")


def test_without_labels_it_says_why(store: Store, packaged: Packaged, candidate: Packaged) -> None:
    """What moved is told all the same."""
    found = replayed(store, packaged, candidate, ask())
    assert (found.truth, found.without_truth[:24]) == (None, "The use case has no src/")


def test_rows_are_the_different_ones_that_moved_most(
    store: Store, packaged: Packaged, candidate: Packaged, labels: pd.DataFrame, flights: Month
) -> None:
    """At most as many as declared, each of the airport, with both answers and the truth."""
    found = replayed(store, packaged, candidate, ask(labels, rows=3, requests=len(flights.label)))
    assert len(found.rows) == 3
    for row in found.rows:
        given = {one.field: one.value for one in row.request}
        assert given["origin"] == "JFK"
        assert row.before != row.after
    assert any(row.truth != UNKNOWN for row in found.rows)
    assert len({tuple(one.value for one in row.request) for row in found.rows}) == 3


def test_nothing_rolled_up_is_a_reason(tmp_path: Path, packaged: Packaged, candidate: Packaged) -> None:
    """A fork without a log gets one line."""
    found, reason = replay(Store(tmp_path), {packaged.digest: packaged}, candidate, packaged, ask())
    assert found is None
    assert reason.startswith("no request is rolled up here")


def test_a_version_that_cannot_be_loaded_is_a_reason(store: Store, packaged: Packaged, candidate: Packaged) -> None:
    """A library that is not here, in the code of either, is one line that says whose and what is missing."""
    known = {packaged.digest: packaged}
    lacking = Packaged(
        {**candidate.manifest, "digest": "e" * 64},
        {**candidate.contents, "code/features.py": b"import no_such_library\n"},
    )
    words = r"cannot be loaded here \(ModuleNotFoundError: No module named 'no_such_library'\)"
    found, reason = replay(store, known, lacking, packaged, ask())
    assert found is None
    assert re.fullmatch(rf"the candidate {words}\.", reason)
    _, reason = replay(store, known, candidate, lacking, ask())
    assert re.fullmatch(rf"the version that answers now {words}\.", reason)


def test_rows_of_a_version_that_cannot_be_loaded_are_left_out(
    store: Store, packaged: Packaged, candidate: Packaged
) -> None:
    """It answered once, and what it needs is gone: its rows cannot be read, and the reason names it."""
    gone = Packaged(packaged.manifest, {**packaged.contents, "code/features.py": b"1 / 0\n"})
    other = changed(packaged, "minutes = np.zeros(len(raw))", "d" * 64)
    found, reason = replay(store, {gone.digest: gone}, candidate, other, ask())
    assert found is None
    assert reason.startswith("the package of v1.0.0, which answered, is not here")


def test_the_log_of_another_model_is_a_reason(store: Store, packaged: Packaged, candidate: Packaged) -> None:
    """What is of another task is not compared."""
    classes = Packaged({**candidate.manifest, "task": "classification"}, candidate.contents)
    found, reason = replay(store, {packaged.digest: packaged}, classes, packaged, ask())
    assert found is None
    assert reason == "the two versions have other values of task, so their answers cannot be compared."


def test_a_log_without_a_row_is_a_reason(tmp_path: Path, packaged: Packaged, candidate: Packaged) -> None:
    """Lines that no service writes are counted by monitoring, and are no requests."""
    (tmp_path / "log").mkdir()
    (tmp_path / "log/predictions-20260101T000000-abcdef01-000001.jsonl").write_text("{}\nnothing\n")
    store = Store(tmp_path / "store")
    rollup.roll(tmp_path / "log", store, {packaged.digest: packaged})
    found, reason = replay(store, {packaged.digest: packaged}, candidate, packaged, ask())
    assert found is None
    assert reason.startswith("no request is rolled up here")


def test_rows_whose_package_is_not_here_are_a_reason(store: Store, packaged: Packaged, candidate: Packaged) -> None:
    """The version is named, so that somebody can bring it."""
    found, reason = replay(store, {}, candidate, packaged, ask())
    assert (found, reason) == (None, "the package of v1.0.0, which answered, is not here. Name it (--package).")


def test_a_field_that_the_log_lacks_is_a_reason(store: Store, packaged: Packaged) -> None:
    """A candidate that asks clients for more cannot answer what they sent."""
    field = {**packaged.manifest["request"][0], "name": "gate", "kind": "string", "optional": False}
    more = changed(packaged, LATE, request=[*packaged.manifest["request"], field])
    found, reason = replay(store, {packaged.digest: packaged}, more, packaged, ask())
    assert (found, reason) == (None, "a request needs 'gate', which no logged request has.")


def test_a_field_of_no_request_cannot_be_hidden(store: Store, packaged: Packaged, candidate: Packaged) -> None:
    """A typo in the list of hidden fields would show what was to be hidden."""
    with pytest.raises(ParamsError, match=r"replay.hide.*'tailnun' is not a field.*did you mean 'tailnum'"):
        replay(store, {packaged.digest: packaged}, candidate, packaged, ask(hide=["tailnun"]))


def _of(candidate: list[object], against: list[object]) -> Answered:
    return Answered({}, np.zeros(0), np.array(against, float), np.array(candidate, float), 0, 0, False)


def test_two_classes_cross_at_the_threshold_of_each() -> None:
    """A version whose threshold moved decides otherwise by the same probability."""
    two = metrics.scorer("classification", threshold=0.5), metrics.scorer("classification", threshold=0.7)
    found = moves.measure(_of([0.6, 0.8, 0.2], [0.6, 0.8, 0.6]), two, 0.1, None)
    assert found.crossed.tolist() == [True, False, False]
    assert found.moved.tolist() == [False, False, True]


def test_several_classes_cross_if_another_one_is_said() -> None:
    """How far they moved is the total variation distance of their probabilities."""
    several = metrics.scorer("multiclass", names=("a", "b", "c"))
    found = moves.measure(_of([[0.2, 0.7, 0.1]], [[0.6, 0.3, 0.1]]), (several, several), 0.1, None)
    assert (found.crossed.tolist(), found.distance.tolist()) == ([True], [pytest.approx(0.4)])


def test_an_answer_that_is_not_a_number_has_moved() -> None:
    """It is counted by itself, too."""
    one = metrics.scorer("regression")
    found = moves.measure(_of([float("nan"), 1.0], [1.0, 1.0]), (one, one), 5, 2)
    assert (found.moved.tolist(), found.invalid.tolist()) == ([True, False], [True, False])


def test_a_use_case_that_has_not_said_who_is_a_person_shows_no_row(
    store: Store, packaged: Packaged, candidate: Packaged
) -> None:
    """Nobody looked yet, so nothing is shown; counts are told."""
    silent: Any = SimpleNamespace(LABEL="arr_delay")
    found = replayed(store, packaged, candidate, dataclasses.replace(ask(), interface=silent))
    assert (found.rows, found.without_rows[:14], found.moved > 0) == ([], "Rows are shown", True)
