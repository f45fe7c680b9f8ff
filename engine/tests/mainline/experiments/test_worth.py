"""What features are worth and cost, where both are known."""

from pathlib import Path

import numpy as np
import pytest

from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.data.storage import write_columns
from mainline.declared.params import Params
from mainline.errors import MainlineError, ParamsError
from mainline.experiments import costs, worth
from mainline.experiments.costs import Costs, TableCost
from mainline.experiments.worth import Worth
from tests.mainline.experiments.planted_use_case import DAY, NUMERIC, declare, draw

pytestmark = pytest.mark.usefixtures("use_case")
NOTHING = Costs({}, 0.0)


def measure(params: Params, tables: Costs = NOTHING) -> dict[str, Worth]:
    """Measure every declared feature."""
    rows = draw(), draw(seed=6, start=20)
    return {one.feature: one for one in worth.measure(params, params.features, rows, 0.95, tables)}


def choose(*features: str) -> Params:
    """Return the parameters with these features."""
    return declare().model_copy(update={"features": features})


def test_strong_feature_is_worth_and_noise_is_not() -> None:
    """Without the planted feature the loss is several times as large; without the random one it is not proven worse."""
    found = measure(choose("strong", "noise", "carrier"))
    assert found["strong"].low > 1
    assert found["strong"].proven
    assert not found["noise"].proven
    assert found["noise"].low < 0.01


def test_twins_hide_each_other() -> None:
    """A feature with a stand-in looks worth much less than alone, and the correlation names the stand-in."""
    found = measure(declare())
    assert found["strong"].loss < 0.2
    assert (found["strong"].correlated_with, found["twin"].correlated_with) == ("twin", "strong")
    assert found["strong"].correlation > 0.98


def test_savings_of_tables_are_counted() -> None:
    """The bytes are those of tables that no other declared feature needs."""
    tables = Costs(
        {"own": TableCost(frozenset({"strong"}), 1e6, 80), "both": TableCost(frozenset({"noise", "strong"}), 1.0, 8)},
        1.0,
    )
    found = measure(choose("strong", "noise"), tables)
    assert (found["strong"].bytes, found["noise"].bytes) == (80, 0)
    assert found["strong"].microseconds == pytest.approx(1e6, rel=0.01)


def test_unknown_feature_is_named() -> None:
    """A feature that is not declared cannot be left out."""
    with pytest.raises(ParamsError, match=r"^params.yaml: features: 'nois' is not among them; did you mean 'noise'\?"):
        worth.choose(declare(), ["nois"])


def test_only_feature_cannot_be_left_out() -> None:
    """With one feature there is nothing to compare."""
    with pytest.raises(ParamsError, match=r"^params.yaml: features: there is only one; leaving it out"):
        worth.choose(choose("strong"), [])


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """Rows of two entities whose two feature tables are written where the pipeline writes them."""
    monkeypatch.chdir(tmp_path)
    time = np.arange(0, 20 * DAY, 60)
    key: Array = np.where(np.arange(len(time)) % 2 == 0, "A", "B").astype(object)
    values = {name: np.linspace(0, 1, len(time)) for name in NUMERIC}
    base = {"key": key, "time": time}
    write_columns(base | {"strong": values["strong"]}, Path("data/tables/strong_table/2013-05.parquet"))
    write_columns(base | {"noise": values["noise"], "twin": values["twin"]}, Path("data/tables/pair.parquet"))
    rows = draw()
    return Prepared({**rows.request, "key": rows.features["carrier"]}, rows.features, rows.label)


def test_tables_are_traced_to_the_features_that_need_them(known: Prepared) -> None:
    """A table belongs to the features that change with it, and costs time and bytes."""
    found = costs.measure("2013-05", known)
    assert {name: cost.features for name, cost in found.tables.items()} == {
        "strong_table": {"strong"}, "pair": {"noise", "twin"},
    }  # fmt: skip
    assert all(cost.microseconds > 0 and cost.size > 480 * 16 for cost in found.tables.values())
    assert found.saved_without("strong", frozenset({"strong", "noise", "twin"}))[1] > 0
    assert found.saved_without("noise", frozenset({"strong", "noise", "twin"})) == (0, 0)
    assert found.saved_without("noise", frozenset({"strong", "noise"}))[1] > 0


def test_missing_table_is_named(known: Prepared) -> None:
    """Without the month's tables the remedy is to run the pipeline."""
    with pytest.raises(
        MainlineError, match=r"there is no data/tables/strong_table/2013-04\.parquet\. Run `make repro`"
    ):
        costs.measure("2013-04", known)


@pytest.mark.parametrize(
    ("low", "high", "note"),
    [(0.001, 0.2, ""), (-0.2, -0.001, "harmful"), (-0.02, 0.01, "little"), (-0.02, 0.0101, "cannot tell")],
)
def test_too_few_rows_are_told_from_a_small_worth(low: float, high: float, note: str) -> None:
    """A feature is little worth only if the whole interval is within the margin; beyond it nobody can tell."""
    assert Worth("x", 0.0, low, high, 1.0, "", 0.0, 0.0, 0).note(margin=0.01) == note
