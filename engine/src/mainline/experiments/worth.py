"""What each feature is worth: how much worse the validation rows are predicted by a model that never had it.

Leave-one-out: the model is fitted again without the feature, and its predictions are compared with the full model's on
the same rows. A feature that another one can replace is worth little by this measure, and two that replace each other
are worth little each although they may be worth much together: take one out, then measure again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from mainline.data.dataset import Prepared
from mainline.declared.params import Params
from mainline.errors import ParamsError, nearest
from mainline.experiments import associations, costs, variant
from mainline.experiments.judgement import judge

HARMFUL, LITTLE, CANNOT_TELL = "harmful", "little", "cannot tell"


@dataclass(frozen=True)
class Worth:
    """One feature; `loss`, `low` and `high` are relative: 0.01 is 1 % worse without it.

    `microseconds` per row and `bytes` of tables are what leaving it out saves: tables that no other feature needs,
    and the difference in the model's own time, which may be below zero.
    """

    feature: str
    loss: float
    low: float
    high: float
    metric: float
    correlated_with: str
    correlation: float
    microseconds: float
    bytes: int

    @property
    def proven(self) -> bool:
        """Whether the whole interval says that the model is worse without it."""
        return self.low > 0

    def note(self, margin: float) -> str:
        """Say what the interval allows: '' if the feature is proven, else `harmful`, `little` or `cannot tell`.

        Args:
            margin: how much worse still counts as no worse, as a share; a feature worth less than that is worth little.
        """
        if self.proven:
            return ""
        if self.high < 0:
            return HARMFUL
        return LITTLE if self.high <= margin else CANNOT_TELL

    def as_row(self) -> dict[str, object]:
        """Return the row of `metrics/worth.csv`."""
        return asdict(self)


def choose(params: Params, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the features to measure: those that are named, or all.

    Raises:
        ParamsError: when one is not declared, or when there is only one, which cannot be left out.
    """
    if len(params.features) < 2:
        raise ParamsError("features", "there is only one", "leaving it out would leave nothing to fit on")
    for name in wanted:
        if name not in params.features:
            raise ParamsError("features", f"'{name}' is not among them", nearest(name, params.features))
    return tuple(wanted) or params.features


def measure(
    params: Params, chosen: Sequence[str], rows: tuple[Prepared, Prepared], confidence: float, tables: costs.Costs
) -> Iterator[Worth]:
    """Fit once with everything, then once without each chosen feature, and yield what was found.

    Args:
        params: the declared parameters.
        chosen: the features to leave out, one at a time.
        rows: to fit on, and to judge by.
        confidence: of the intervals.
        tables: what looking up the feature tables costs.
    """
    fitted_on, judged = rows
    pipeline = variant.fit(params, fitted_on)
    full, complete = variant.predict(pipeline, judged, params), costs.packaged(pipeline, params, judged)
    declared, day = frozenset(params.features), variant.clusters(judged)
    for name in chosen:
        rest = params.model_copy(update={"features": tuple(other for other in params.features if other != name)})
        pipeline = variant.fit(rest, fitted_on)
        without = variant.predict(pipeline, judged, rest)
        value, found = judge(params.evaluation, judged, without, full, day, confidence)
        saved, size = tables.saved_without(name, declared)
        model = costs.slower(complete, costs.packaged(pipeline, rest, judged), judged)
        yield Worth(
            name, found.estimate, found.low, found.high, value,
            *associations.strongest(fitted_on.features, name),
            microseconds=saved + model, bytes=size,
        )  # fmt: skip
