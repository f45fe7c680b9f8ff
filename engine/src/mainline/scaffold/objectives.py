"""What a regression is fitted by: squared errors, or the deviance of counts or of amounts above zero."""

from mainline.contract import Array
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import Finding

SQUARED, POISSON, GAMMA = "squared_error", "poisson", "gamma"
LOSSES = (SQUARED, POISSON, GAMMA)
METRICS = {POISSON: "poisson_deviance", GAMMA: "gamma_deviance"}
"""What a model that is fitted by a deviance is judged by."""
SKEWED = 2.0
"""Skewness of a label beyond which a few large values decide the error."""
_TAILED = 0.5
"""Skewness from which on whole numbers are taken for counts: of rare events, most counts are small."""
_SMALLEST = 0.05
"""Counts begin at 0 or 1, or at no more than this share of their mean; prices in whole euros do not."""


def skewness(values: Array) -> float:
    """Return the third standardised moment of numbers that differ."""
    return float((((values - values.mean()) / values.std()) ** 3).mean())


def is_count(values: Array) -> bool:
    """Say whether numbers look like counts: whole, not below 0, and mostly small."""
    is_whole = bool((values == values.round()).all() and values.min() >= 0)
    return is_whole and skewness(values) > _TAILED and values.min() <= max(1, _SMALLEST * values.mean())


def offered(values: Array) -> str:
    """Name the deviance that may suit a label better than squared errors do; '' if none may.

    On thirteen tables of counts and skewed amounts, boosting by Poisson was better for sure in RMSE on five, worse on
    three (`engine/benchmarks/losses.py`): so it is offered, and tried by a search, and not chosen.
    """
    is_amount = values.min() >= 0 and skewness(values) > SKEWED
    return POISSON if is_amount or is_count(values) else ""


def finding(name: str, values: Array, loss: str | None) -> list[Finding]:
    """Say what a label is fitted by, if a person named it or there is a choice.

    Raises:
        TableError: when the label cannot have been what a person named.
    """
    if loss is None:
        other = offered(values)
        kind = "a count" if is_count(values) else "a skewed amount"
        said = f"{SQUARED}; of {kind}, {other} may be better, and is never below 0"
        return [Finding("loss", said, "likely", f"--loss {other}")] if other else []
    least = float(values.min())
    if loss in METRICS and (least < 0 or (loss == GAMMA and least == 0)):
        allowed = "above 0" if loss == GAMMA else "of 0 or more"
        others = f"{SQUARED} or {POISSON}" if least == 0 else SQUARED
        raise TableError(
            f"--loss {loss} is for labels {allowed}, and the least of '{name}' is {least:g}; say --loss {others}."
        )
    judged = f", and judged by {METRICS[loss]}" if loss in METRICS else ""
    return [Finding("loss", f"fitted by {loss}{judged}", "told", "--loss")]
