"""What each check says of a good month, and of the same month with a fault in it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mainline.data import predictions
from mainline.gate.findings import Check
from mainline.limits import sketches, windows
from mainline.limits.windows import Quality
from mainline.monitoring import accuracy, performance, tracks, verdict
from mainline.monitoring import reference as references
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production
from mainline.monitoring.reference import Reference
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import Project


@pytest.fixture(scope="module")
def month(packaged: Packaged, small_project: Project) -> Month:
    """The test month, in order; shared, so tests only read it."""
    return months.read(packaged, small_project.path)


def checks(production: Production) -> dict[str, Check]:
    """Run every check."""
    return {check.name: check for check in verdict.of_version(production)}


def failed(production: Production) -> set[str]:
    """Name the checks that do not pass."""
    return {name for name, check in checks(production).items() if check.verdict != "pass"}


def lines_of(production: Production, check: str) -> dict[str, list[float]]:
    """Return the lines of a check's picture."""
    (track,) = (one for one in tracks.of_version(verdict.of_version(production), production, []) if one.check == check)
    return {line.name: [point.y for point in line.points] for line in track.plot.series}


def without(values: Any) -> Any:
    """Lose every value."""
    return np.full(len(values), np.nan)


def test_good_month_passes_every_check(month: Month) -> None:
    """The rows that the model was tested on raise no alarm, whatever day they end on."""
    for end in (7, 15, 23, 31):
        assert failed(month.production(slice(0, end))) <= {"drift of predictions", "drift of features"}, end
    assert month.reference.earned is not None


FAULTS: dict[str, tuple[str, str, dict[str, Callable[[Any], Any]]]] = {
    "a join is lost": ("missing values", "dest_gain", {"dest_gain": without}),
    "a text is lost": ("missing values", "carrier", {"carrier": lambda values: np.full(len(values), "", object)}),
    "a name is new": (
        "unseen values", "carrier", {"carrier": lambda values: np.where(values == "EV", "XX", values).astype(object)},
    ),
    "hours for minutes": ("whole numbers", "dep_delay", {"dep_delay": lambda values: values / 60}),
    "one client in a hundred sends hours": (
        "whole numbers", "dep_delay",
        {"dep_delay": lambda values: np.where(np.arange(len(values)) % 100 == 0, values / 60, values)},
    ),
    "seconds for minutes": ("range of numbers", "dep_delay", {"dep_delay": lambda values: values * 60}),
    "one client in twenty sends seconds": (
        "range of numbers", "dep_delay",
        {"dep_delay": lambda values: np.where(np.arange(len(values)) % 20 == 0, 60 * np.abs(values) + 6000, values)},
    ),
    "a feed is frozen": ("constant values", "temp", {"temp": lambda values: np.full(len(values), 40.0)}),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_support_is_seen_on_its_first_day(month: Month, fault: str) -> None:
    """The check names the column, its share and the day since when; the others of its kind stay quiet."""
    name, column, change = FAULTS[fault]
    broken = month.change(**change).production(slice(0, 1), severity={"range": "alarm"})
    found = checks(broken)[name]
    (day,) = broken.days
    assert (found.verdict, found.observed.split(":")[0]) == ("fail", column)
    assert f"Since {day}. Look at what sends or joins {column}." in found.reason
    assert "%" in found.observed
    others = {"missing values", "unseen values", "whole numbers", "range of numbers", "constant values"} - {name}
    assert failed(broken) & others == set()


def test_numbers_out_of_range_are_said_and_raise_no_alarm(month: Month) -> None:
    """A hot summer is out of the range of a model of spring as seconds are out of that of minutes: nobody is woken."""
    found = checks(month.change(temp=lambda values: values + 60).production(slice(0, 1)))["range of numbers"]
    assert (found.verdict, found.observed.split(":")[0]) == ("warn", "temp")


def test_unseen_names_are_said_unless_they_are_rare(month: Month) -> None:
    """A new airline is named, a value that nearly nobody sent is not."""
    codes = {"EV": "XX", "UA": "YY"}
    renamed = np.array([codes.get(value, value) for value in month.features["carrier"]], object)
    rare = np.flatnonzero(renamed == "YY")
    renamed[rare[np.arange(len(rare)) % 400 > 0]] = "UA"
    reason = checks(month.change(carrier=lambda _: renamed).production(slice(0, 1)))["unseen values"].reason
    assert "'XX'" in reason
    assert "'YY'" not in reason


def test_unseen_name_of_few_rows_a_day_is_said_once_enough_of_them_came(month: Month) -> None:
    """A new customer has six rows a day: whoever is called in the morning reads its name on the second day."""
    day, six = month.moment // 1440, []
    for one in np.unique(day)[2:]:
        six += np.flatnonzero(day == one)[:6].tolist()
    names = month.features["carrier"].astype(object)
    names[six] = "ZZ"
    new = month.change(carrier=lambda _: names)
    found = [
        checks(new.production(slice(0, days), support={"unseen": 0.001}))["unseen values"] for days in (2, 3, 4, 5)
    ]
    assert [(one.verdict, "'ZZ'" in one.reason) for one in found] == [
        ("pass", False), ("fail", False), ("fail", True), ("fail", True)
    ]  # fmt: skip


def test_fault_that_began_earlier_says_when(month: Month) -> None:
    """The first of the days in a row up to the last one is named."""
    day = month.moment // 1440
    late = day >= np.unique(day)[10]
    broken = month.change(dest_gain=lambda values: np.where(late, np.nan, values)).production(slice(0, 15))
    assert f"Since {sorted(broken.days)[10]}." in checks(broken)["missing values"].reason


def test_one_answer_to_all_is_an_alarm_without_any_label(month: Month) -> None:
    """A model that answers one and the same number is broken; of a test whose days have one each, it is as it was."""
    good = month.production(slice(0, 8))
    day, last = max(good.days.items())
    one = sketches.count_predictions(np.full(last.rows, 12.5), month.packaged.bins)
    stuck = replace(good, days={**good.days, day: last.model_copy(update={"predicted": one})}, events=None)
    found = checks(stuck)["constant values"]
    assert (found.verdict, found.observed) == ("fail", f"prediction: 100.00% of {day}")
    assert found.reason.endswith(f" Since {day}. Look at the requests and at the package.")
    assert checks(replace(stuck, days=good.days))["constant values"].verdict == "pass"
    package = replace(month.packaged)
    tested = month.packaged.tested
    package.__dict__["tested"] = {**tested, "predicted": np.zeros(len(tested["predicted"]))}
    steady = replace(stuck, reference=replace(stuck.reference, package=package))
    assert checks(steady)["constant values"].verdict == "pass"


def test_days_with_too_few_rows_since_then_are_said(month: Month) -> None:
    """In a week in which hardly anybody asks an alarm stays as it was, and says that it is of the day before."""
    broken = month.change(dest_gain=without).production(slice(0, 9))
    days = sorted(broken.days)
    few = {day: sketch.model_copy(update={"rows": 100}) for day, sketch in broken.days.items() if day > days[5]}
    assert checks(replace(broken, days={**broken.days, **few}))["missing values"].observed == (
        f"dest_gain: 100.00% of {days[5]}, the last day with 200 rows"
    )
    morning = {day: few.get(day, broken.days[day]) for day in days[:6]} | {days[6]: few[days[6]]}
    assert checks(replace(broken, days=morning))["missing values"].observed == f"dest_gain: 100.00% of {days[5]}"


def test_fault_that_is_over_is_no_alarm(month: Month) -> None:
    """The last day decides."""
    early = month.moment // 1440 < np.unique(month.moment // 1440)[5]
    mended = month.change(dest_gain=lambda values: np.where(early, np.nan, values)).production(slice(0, 15))
    assert checks(mended)["missing values"].verdict == "pass"


def test_bias_is_an_alarm_with_its_interval(month: Month) -> None:
    """A label that moves by ten minutes moves the mean error by ten, beyond the limit of five."""
    moved = replace(month, label=month.label + 10)
    found = checks(moved.production())["bias"]
    usual = checks(month.production())["bias"]
    assert (found.verdict, usual.verdict) == ("fail", "pass")
    assert float(usual.observed.split()[0]) - float(found.observed.split()[0]) == pytest.approx(10, abs=0.02)
    assert "Predictions are too low on" in found.reason


def test_bias_of_one_airport_names_it(month: Month) -> None:
    """A world that changes at one airport is an alarm of that segment, not of the mean."""
    at = month.request["origin"] == "LGA"
    found = checks(replace(month, label=month.label + 14 * at).production())
    assert found["bias by segment"].verdict == "fail"
    assert found["bias by segment"].observed.startswith("origin LGA: -")
    assert found["bias"].verdict == "pass"


def test_skill_is_held_to_that_of_the_test(month: Month) -> None:
    """A model that reads its features in the wrong order does not earn its place against the baseline any more."""
    order = np.random.default_rng(1).permutation(len(month.label))
    shuffled = {name: (lambda values: values[order]) for name in ("origin_gain", "dest_gain", "scheduled_block",
                "departure_minute", "distance", "flights_in_hour", "dep_delay")}  # fmt: skip
    plain = held_to(month, "constant")  # a rule would read the same features in the wrong order
    found = checks(plain.change(**shuffled).production(quality={"skill": 0.01}))["skill"]
    assert found.verdict == "fail"
    assert "of the baseline's, at the test" in found.observed
    assert checks(plain.production(quality={"skill": 0.01}))["skill"].verdict in ("pass",)


RULE = """

def baseline(columns, features):
    return np.where(columns["dep_delay"] > 60, np.nan, columns["dep_delay"])
"""


def held_to(month: Month, baseline: str, code: str = "") -> Month:
    """Let the package have earned that the constant, or the use case's own rule, was the harder one to beat."""
    assert month.packaged.earned is not None
    earned = json.dumps(month.packaged.earned.model_dump() | {"baseline": baseline}).encode()
    scoring = month.packaged.contents["code/scoring.py"] + code.encode()
    contents = {**month.packaged.contents, "code/scoring.py": scoring, "monitor.json": earned}
    packaged = Packaged({**month.packaged.manifest, "digest": "c3" * 32}, contents)
    return replace(month, packaged=packaged, reference=references.load(packaged))


def test_skill_is_against_the_rule_of_the_use_case(month: Month) -> None:
    """Where that rule was the harder one, skill is the error over the rule's, or the constant's where it is NaN."""
    delay = month.request["dep_delay"]
    constant = month.packaged.manifest["model"]["baseline"] + delay
    rule = np.where(delay > 60, constant, delay)
    error, before = (np.sqrt(np.mean((one - month.label) ** 2)) for one in (month.predict(), rule))
    production = held_to(month, "rule", RULE).production()
    assert production.events is not None
    assert 1 + performance.skill(production, production.events).estimate == pytest.approx(error / before)
    against_constant = error / np.sqrt(np.mean((constant - month.label) ** 2))
    usual = held_to(month, "constant").production()
    assert usual.events is not None
    assert 1 + performance.skill(usual, usual.events).estimate == pytest.approx(against_constant)
    assert abs(error / before - against_constant) > 1e-3


def test_skill_at_test_is_the_error_over_that_of_the_baseline_by_day(month: Month) -> None:
    """By hand from the kept test predictions, with weights where there are some; days are independent, not rows."""
    tested = dict(month.packaged.tested)
    predicted, actual = predictions.from_columns(tested, ()), tested["actual"]
    weight = np.where(np.arange(len(actual)) % 3 == 0, 5.0, 1.0)
    for more, of in (({}, np.ones(len(actual))), ({predictions.WEIGHT: weight}, weight)):
        packaged = Packaged(month.packaged.manifest, month.packaged.contents)
        packaged.__dict__["tested"] = {**tested, **more}
        found = performance.skill_at_test(
            replace(month, packaged=packaged, reference=Reference(packaged, None)).production()
        )
        error, before = (
            np.sqrt(np.average((one - actual) ** 2, weights=of)) for one in (predicted, tested["baseline"])
        )
        assert 1 + found.estimate == pytest.approx(error / before)
        packaged.__dict__["tested"].pop("prediction_time")
        by_row = performance.skill_at_test(
            replace(month, packaged=packaged, reference=Reference(packaged, None)).production()
        )
        assert by_row.estimate == pytest.approx(found.estimate)
        assert by_row.high - by_row.low < 0.8 * (found.high - found.low)


def test_quality_waits_for_labels(month: Month) -> None:
    """A day without labels fails their check, and quality says that it cannot tell instead of judging the others."""
    day = month.moment // 1440
    late = replace(month, label=np.where(day == np.unique(day)[-2], np.nan, month.label + 100))
    found = checks(late.production())
    assert found["labels"].verdict == "fail"
    assert found["labels"].observed.startswith("0.0% on ")
    assert {found[name].verdict for name in ("skill", "bias", "bias by segment")} == {"cannot tell"}


def test_few_events_allow_no_conclusion(month: Month) -> None:
    """With fewer events or days than declared there is no verdict on quality, and the line says what is needed."""
    found = checks(month.production(slice(0, 3)))["skill"]
    assert (found.verdict, found.limit) == ("cannot tell", "10% above the test's ratio, declared")
    assert found.reason.endswith("of 3 days; 2,000 events of 5 days are needed.")


def test_without_the_training_rows_the_profile_answers(month: Month) -> None:
    """A machine that has the package alone still sees lost joins and new names, and says what it cannot tell."""
    alone = replace(month, reference=Reference(month.packaged, None))
    assert checks(alone.production())["drift of features"].verdict == "cannot tell"
    assert failed(alone.production()) <= {"drift of features", "drift of predictions"}
    worse = alone.change(dest_gain=without, carrier=lambda values: np.full(len(values), "XX", object))
    broken = checks(worse.production())
    assert (broken["missing values"].verdict, broken["unseen values"].verdict) == ("fail", "fail")


def test_no_labels_are_said_with_the_remedy(month: Month) -> None:
    """Without labels their check cannot tell, and repeats what to do."""
    found = checks(replace(month.production(), events=None, reason="Write src/usecase/labels.py."))
    assert (found["labels"].verdict, found["labels"].reason) == ("cannot tell", "Write src/usecase/labels.py.")
    assert found["bias"].verdict == "cannot tell"


def earning(month: Month, **series: float) -> Month:
    """Let the package have earned limits of quality over 200 days, in the label's unit, and of skill as a share."""
    earned = month.packaged.earned
    assert earned is not None
    deviations = {
        "skill": {"skill": 1.0}, "expected": {"expected": 1.0}, "bias": {"bias": 1.0},
        windows.RECENT: {windows.RECENT: 1.0},
        "origin": dict.fromkeys(("EWR", "JFK", "LGA"), 1.0),
    }  # fmt: skip
    limits = {"skill": 0.2, "expected": 0.3, windows.RECENT: 9.0, "bias": 4.0, "origin": 5.0} | series
    quality = Quality(
        centre=-0.15, expected=0.0, recent=0.0, deviations=deviations, limits=limits, episodes=2, days=200
    )
    return replace(month, reference=Reference(month.packaged, earned.model_copy(update={"quality": quality})))


def test_earned_limits_judge_the_window_and_say_what_they_cost(month: Month) -> None:
    """A good month lies within them; the reason says how often playback and production passed them."""
    found = checks(earning(month).production())
    assert {found[name].verdict for name in ("skill", "bias", "bias by segment")} == {"pass"}
    assert found["bias"].limit == "4, earned"
    assert found["skill"].limit == f"{np.exp(0.05):.3f}, earned"
    said = "Played back, 200 days pass it 2 times; declared is once in 90 days; in the last 26 windows of production 0"
    assert said in found["bias by segment"].reason


def test_quality_that_cannot_be_told_names_the_limits_that_were_earned(month: Month) -> None:
    """A day without labels says nothing of quality, and nobody declared what it is held to."""
    held = earning(month)
    day = held.moment // 1440
    found = checks(replace(held, label=np.where(day == np.unique(day)[-2], np.nan, held.label)).production())
    assert {found[name].verdict for name in ("bias", "bias by segment")} == {"cannot tell"}
    assert (found["bias"].limit, found["bias by segment"].limit) == ("4, earned", "earned")


def test_alarm_of_a_segment_is_drawn_by_that_segment_and_its_limit(month: Month) -> None:
    """The picture follows what is judged, window by window, and not the mean error of all events."""
    held = earning(month)
    late = replace(held, label=held.label + 30 * (held.request["origin"] == "LGA")).production()
    lines = lines_of(late, "bias by segment")
    assert lines.keys() == {"origin LGA", "limit"}
    assert lines["origin LGA"] == late.measured["origin", "LGA"].tolist()
    assert checks(late)["bias by segment"].observed == f"origin LGA: {lines['origin LGA'][-1]:+.3g} minutes"
    assert set(lines["limit"]) == {-5.0}


def test_alarm_of_the_whole_is_drawn_by_what_is_judged_and_its_limit(month: Month) -> None:
    """The picture of skill shows the ratio that passed its limit, and that of bias the mean error of each window."""
    held = earning(replace(month, label=month.label + 100)).production()
    found, skill, bias = checks(held), lines_of(held, "skill"), lines_of(held, "bias")
    assert found["skill"].observed.startswith(f"rmse {skill['production'][-1]:.3f} of ")
    assert found["skill"].limit == f"{skill['limit'][-1]:.3f}, earned"
    assert bias["limit"] == [-4.0] * len(bias["limit"])
    assert bias["production"][-1] == held.measured["bias", "bias"][-1] < -4
    declared = month.production(quality={"skill": 0.1, "bias": 4.0})
    assert [accuracy.furthest_of(declared, check) for check in ("skill", "bias")] == [None, None]


def test_segment_whose_name_begins_as_another_is_drawn_by_its_own_values_and_the_declared_limit(month: Month) -> None:
    """The picture follows the segment itself, whatever its name is; and the limit is the one that judges."""
    origin = np.where(month.request["origin"] == "JFK", "LGA: old", month.request["origin"]).astype(object)
    held = replace(earning(month, origin=7.0), request={**month.request, "origin": origin})
    late = replace(held, label=held.label + 30 * (origin == "LGA: old")).production(quality={"bias": 2.0})
    drawn = lines_of(late, "bias by segment")
    assert drawn["origin LGA: old"] == late.measured["origin", "LGA: old"].tolist()
    assert set(drawn["limit"]) == {-late.bias}


def test_alarm_of_support_is_drawn_beside_its_limit(month: Month) -> None:
    """Each day's share of the column that is judged, and what was allowed; a number that stands still has no share."""
    lost = month.change(dest_gain=without).production()
    drawn = lines_of(lost, "missing values")
    assert set(drawn["dest_gain"]) == {1.0}
    assert {f"{limit:.2%}" for limit in drawn["at most"]} == {checks(lost)["missing values"].limit}
    assert lines_of(month.change(temp=lambda values: np.full(len(values), 40.0)).production(), "constant values") == {
        "temp": [1.0] * len(drawn["at most"])
    }


def test_alarm_of_quality_names_what_moved_with_it(month: Month) -> None:
    """Of minutes that are sent as hours the reason says so before anybody retrains; of a changed world it does not."""
    sent = month.request["dep_delay"] / 60
    wrong = replace(month, request={**month.request, "dep_delay": sent}).change(dep_delay=lambda _: sent)
    hours = checks(earning(wrong, expected=0.2).production())["skill"]
    assert hours.verdict == "fail"
    assert re.search(r"Look first at what moved with it: whole numbers: dep_delay: 9\d\.\d+% of ", hours.reason)
    changed = checks(replace(earning(month), label=month.label + 100).production())["bias"]
    assert changed.verdict == "fail"
    assert "Look first" not in changed.reason


def test_client_that_sends_hours_is_an_alarm_of_skill_though_the_baseline_errs_alike(month: Month) -> None:
    """The ratio to the baseline, which reads the same request, stays; the error is beyond what the test says."""
    hours = np.where(month.request["flight"] % 3 == 0, month.request["dep_delay"] / 60, month.request["dep_delay"])
    sent = replace(month, request={**month.request, "dep_delay": hours}).change(dep_delay=lambda _: hours)
    held = earning(sent, expected=0.2)
    measured, quality = held.production().measured, held.reference.earned and held.reference.earned.quality
    assert quality
    shares = {family: share for family, _, share in windows.beyond(measured, quality)}
    assert shares["skill"] < 1 < shares["expected"]
    found = checks(held.production())["skill"]
    assert found.verdict == "fail"
    assert re.fullmatch(r"rmse 1\.\d+ of what the test says of such predictions, played back 1\.000", found.observed)
    assert found.limit == f"{np.exp(0.2):.3f}, earned"


def test_alarm_of_the_last_days_says_so(month: Month) -> None:
    """Three days of wrong requests are said to be three days, if they lie further beyond their limit than the week."""
    late = np.unique(month.moment // 1440)[-3]
    is_wrong = (month.moment // 1440 >= late) & (month.request["flight"] % 3 == 0)
    hours = np.where(is_wrong, month.request["dep_delay"] / 60, month.request["dep_delay"])
    sent = replace(month, request={**month.request, "dep_delay": hours}).change(dep_delay=lambda _: hours)
    held = earning(sent, **{windows.RECENT: 0.2})
    found = checks(held.production())["skill"]
    assert found.verdict == "fail"
    said = r"rmse 1\.\d+ of what the test says of such predictions in the last 3 days, played back 1\.000"
    assert re.fullmatch(said, found.observed)


def test_skill_that_is_not_a_number_cannot_be_told(month: Month) -> None:
    """Where the baseline has no error there is no ratio to it: nobody can tell, by earned limits and declared ones."""
    exact = month.packaged.constant(month.request)
    policies: list[dict[str, Any]] = [{}, {"quality": {"skill": 0.1}}]
    for policy in policies:
        found = checks(replace(held_to(earning(month), "constant"), label=exact).production(**policy))["skill"]
        assert (found.verdict, found.observed) == ("cannot tell", "not computed")
        assert found.reason == "The metric, or the baseline's, is not a number on these events."


def test_bias_that_is_not_a_number_cannot_be_told(month: Month) -> None:
    """Predictions that are no numbers pass no check of quality."""
    production = earning(month).production()
    assert production.events is not None
    broken = replace(production.events, predicted=without(production.events.predicted))
    found = checks(replace(production, events=broken))
    assert {found[name].verdict for name in ("skill", "bias")} == {"cannot tell"}


def test_alarm_of_quality_names_its_segment_and_since_when(month: Month) -> None:
    """An airport that changes from one day on is named, with the first window that lies beyond the limit."""
    day = month.moment // 1440
    changed = day >= np.unique(day)[20]
    label = month.label + 25.0 * (changed & (month.request["origin"] == "LGA"))
    found = checks(replace(earning(month), label=label).production())["bias by segment"]
    assert (found.verdict, found.observed.split(":")[0]) == ("fail", "origin LGA")
    since = found.reason.split()[1].rstrip(".")
    assert str(np.datetime64(int(np.unique(day)[20]), "D")) <= since <= str(np.datetime64(int(np.unique(day)[25]), "D"))


def test_declared_limits_go_before_earned_ones(month: Month) -> None:
    """Who declares a limit for an environment gets that one, with its interval."""
    found = checks(earning(month, bias=0.001).production(quality={"bias": 5.0, "skill": 0.1}))
    assert (found["bias"].verdict, found["bias"].limit) == ("pass", "5, declared")
    assert found["bias by segment"].limit == "5 from the whole, declared"
    assert found["skill"].limit == "10% above the test's ratio, declared"
    assert checks(earning(month, bias=0.001).production())["bias"].verdict == "fail"


def test_limits_that_are_not_proven_do_not_alarm(month: Month) -> None:
    """Two months of predictions earn no limit of quality: the declared ones hold, and the reason says why."""
    earned = month.packaged.earned
    assert earned is not None
    assert earned.quality is not None
    found = checks(month.production())["bias"]
    assert found.limit == "5, declared"
    assert "too few days to prove once in 90 days, 120 are needed" in found.reason
