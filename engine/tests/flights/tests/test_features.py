"""Features: one definition, whatever is around a row and whatever happens after it."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flights import Days, assert_same, compute
from mainline.contract import Array
from mainline.data.lookup import Table
from usecase import features, interface

SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def known(days: Days) -> dict[str, Table]:
    """The feature tables of the days, built once."""
    return days.known()


@given(seed=SEEDS)
def test_one_row_alone_equals_the_same_row_in_a_batch(days: Days, known: dict[str, Table], seed: int) -> None:
    """Asking for one flight gives the bits that asking for all gives."""
    requests = days.requests()
    row = np.random.default_rng(seed).integers(len(requests["dep_delay"]))
    assert_same(compute(_row(requests, row), known), _row(compute(requests, known), row))


@given(seed=SEEDS)
@settings(max_examples=25)
def test_order_of_rows_does_not_matter(days: Days, known: dict[str, Table], seed: int) -> None:
    """Feature tables built from shuffled flights and weather give the same features."""
    random = np.random.default_rng(seed)
    shuffled = Days(
        days.flights.iloc[random.permutation(len(days.flights))].reset_index(drop=True),
        days.weather.iloc[random.permutation(len(days.weather))].reset_index(drop=True),
        days.static,
    )
    requests = days.requests()
    assert_same(compute(requests, shuffled.known()), compute(requests, known))


@given(seed=SEEDS)
@settings(max_examples=50)
def test_nothing_after_the_prediction_time_reaches_a_feature(days: Days, known: dict[str, Table], seed: int) -> None:
    """Rewriting every departure, landing and observation later than a flight changes none of its features."""
    random = np.random.default_rng(seed)
    requests = days.requests()
    chosen = _row(requests, random.integers(len(requests["dep_delay"])))
    moment = int(features.prediction_time(chosen)[0])
    assert_same(compute(chosen, _rewritten_after(days, moment, random).known()), compute(chosen, known))


def test_the_rewriting_of_the_future_would_be_noticed(days: Days) -> None:
    """The same rewriting does change the features of later flights, so the property above can fail."""
    requests = days.requests()
    moments = features.prediction_time(requests)
    later = moments > np.median(moments) + 180
    chosen = {name: values[later] for name, values in requests.items()}
    after = compute(chosen, _rewritten_after(days, int(np.median(moments)), np.random.default_rng(0)).known())
    before = compute(chosen, days.known())
    for name in ("temp", "origin_delay", "origin_gain", "dest_gain"):
        assert (after[name] != before[name]).mean() > 0.5


def _row(columns: Mapping[str, Array], row: int) -> dict[str, Array]:
    return {name: values[row : row + 1] for name, values in columns.items()}


def _rewritten_after(days: Days, moment: int, random: np.random.Generator) -> Days:
    """Delay everything that happens after a moment by random amounts, and replace the weather after it."""
    flights, weather = days.flights.copy(), days.weather.copy()
    minutes = flights["time_hour"].dt.tz_localize(None).to_numpy("datetime64[m]").astype(np.int64)
    departed = minutes + flights["sched_dep_time"] % 100 + flights["dep_delay"]
    # A flight that left later cannot have landed earlier; one in the air lands at least 20 minutes after leaving.
    landed = departed + flights["air_time"].fillna(0)
    flights.loc[landed > moment, "arr_delay"] += random.integers(1, 300, len(flights))[landed > moment]
    flights.loc[departed > moment, "dep_delay"] += random.integers(1, 300, len(flights))[departed > moment]
    observed = weather["time_hour"].dt.tz_localize(None).to_numpy("datetime64[m]").astype(np.int64) > moment
    for name in ("temp", "humid", "wind_speed", "precip", "visib"):
        weather.loc[observed, name] = random.normal(size=int(observed.sum()))
    return Days(flights, weather, days.static)


@pytest.mark.parametrize(("hhmm", "minutes"), [(0, 0), (5, 5), (100, 60), (1545, 945), (2359, 1439), (2400, 1440)])
def test_clock_readings_become_minutes(hhmm: int, minutes: int) -> None:
    """HHMM is hours times 60 plus minutes, and 2400 is the end of the day."""
    assert features.minute_of_day(np.array([hhmm]))[0] == minutes


@pytest.mark.parametrize(
    ("dest", "departs", "arrives", "block"),
    [
        ("IAH", 515, 819, 244),  # one hour behind New York
        ("MIA", 540, 850, 190),  # the same zone
        ("HNL", 900, 1530, 690),  # five hours behind in winter
        ("SJU", 2359, 444, 225),  # one hour ahead, over midnight, and absent from the airports table
    ],
)
def test_scheduled_block_counts_minutes_across_time_zones(
    days: Days, dest: str, departs: int, arrives: int, block: int
) -> None:
    """A schedule in two local clocks becomes the minutes between them."""
    flights = days.flights.head(1).assign(dest=dest, sched_dep_time=departs, sched_arr_time=arrives)
    utc_hour = (departs // 100 + 5) % 24
    flights["time_hour"] = flights["time_hour"].dt.normalize() + np.timedelta64(utc_hour, "h")
    requests = days.with_flights(flights).requests()
    assert compute(requests, days.known())["scheduled_block"][0] == block


def test_weekday_is_the_local_one(days: Days) -> None:
    """A flight late on Tuesday evening in New York is a Tuesday flight, although it is Wednesday in UTC."""
    late = days.flights[(days.flights["day"] == 1) & (days.flights["sched_dep_time"] >= 2100)]
    weekdays = compute(days.with_flights(late).requests(), days.known())["weekday"]
    assert len(weekdays) > 10
    assert set(weekdays) == {1}


def test_every_declared_feature_is_computed_once_and_with_its_type(days: Days) -> None:
    """Numbers are float32, categories are text, and there is nothing else."""
    computed = compute(days.requests(), days.known())
    assert set(computed) == {*features.NUMERIC, *features.CATEGORICAL}
    assert {computed[name].dtype for name in features.NUMERIC} == {np.dtype(np.float32)}
    assert {computed[name].dtype for name in features.CATEGORICAL} == {np.dtype(object)}


def test_no_feature_carries_a_banned_name() -> None:
    """What leaks the label is not even computed."""
    assert not {*features.NUMERIC, *features.CATEGORICAL} & interface.BANNED.keys()
