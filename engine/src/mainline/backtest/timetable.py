"""What is played: the periods that are lived, the model that each of them finds, and what all of it depends on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainline import periods
from mainline.declared import environments, gate, params, reading
from mainline.declared.environments import Environment
from mainline.declared.gate import Policy
from mainline.declared.params import Params
from mainline.errors import ParamsError

PARAMS = Path("params.yaml")


@dataclass(frozen=True)
class Plan:
    """A history to play.

    `raw` is `params.yaml` as it is written, `params` the same as it was read, with the last lived period as the end of
    the window. `lived` are the periods in which versions serve, oldest first.
    """

    raw: Mapping[str, Any]
    params: Params
    gate: Policy
    environment_name: str
    environment: Environment
    lived: tuple[str, ...]

    @property
    def known(self) -> tuple[str, ...]:
        """Every period of the data, from the first that is fitted on to the last that is lived."""
        return self.params.data.periods

    @property
    def candidates(self) -> tuple[str, ...]:
        """The last period of each candidate's window: all that was over when a lived period began."""
        return tuple(periods.before(period) for period in self.lived)

    def parameters(self, through: str) -> dict[str, Any]:
        """Return `params.yaml` as it was when the window ended with a period."""
        return {**self.raw, "data": {**self.raw["data"], "through": through}}

    @property
    def shaping(self) -> dict[str, Any]:
        """What a candidate depends on of `params.yaml`, but the end of its window."""
        judging = ("gate", "tune", "data")
        return {name: section for name, section in self.raw.items() if name not in judging}


def make(first: str | None, last: str | None, environment: str) -> Plan:
    """Lay out a history.

    Args:
        first: the first lived period; None for the middle of the declared window.
        last: the last one; None for the last of the declared window.
        environment: whose file in `deploy/` declares monitoring and retraining.

    Raises:
        ParamsError: when the declared window, or what is asked for, leaves nothing to fit on or nothing to live.
    """
    raw, declared = reading.read(PARAMS), params.load(PARAMS)
    if declared.data.snapshot:
        raise ParamsError("data", "is a snapshot, which has no time", "a backtest needs data by period")
    begins = declared.data.from_
    for option, period in (("--from", first), ("--through", last)):
        _check_period(option, period, begins)
    through = last or declared.data.through
    least = int(declared.split.validation) + int(declared.split.test) + 1
    window = periods.between(begins, through)
    start = first or periods.shift(begins, max(least, len(window) // 2))
    earliest = periods.shift(begins, least)
    if periods.count(start) < periods.count(earliest):
        said = f"{start} leaves fewer than {least} periods since {begins} for the first version"
        raise ParamsError("--from", said, f"begin with {earliest}, or later", "backtest")
    lived = periods.between(start, through)
    if len(lived) < 2:
        said = f"{start} through {through} is fewer than two periods"
        raise ParamsError("--through", said, "live two or more, such as the declared window", "backtest")
    whole = declared.model_copy(update={"data": declared.data.model_copy(update={"through": through})})
    chosen = environments.choose(environment, environments.load_all())
    return Plan(raw, whole, gate.load(declared.gate), environment, chosen, lived)


def _check_period(option: str, period: str | None, begins: str) -> None:
    if period is None:
        return
    try:
        unit = periods.unit(period)
    except ValueError as error:
        raise ParamsError(option, f"'{period}' is not a period", str(error), "backtest") from error
    if unit != periods.unit(begins):
        said = f"'{period}' is a {unit}"
        raise ParamsError(option, said, f"write a {periods.unit(begins)}, as data.from has it ({begins})", "backtest")
