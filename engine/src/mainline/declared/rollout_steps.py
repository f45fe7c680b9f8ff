"""The steps of a rollout: what each is, which of them a strategy has, and its usual ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from mainline.declared import reading
from mainline.declared.quantities import Percent, Seconds
from mainline.declared.reading import check_section
from mainline.errors import ParamsError, nearest
from mainline.seconds import DAY

Strategy = Literal["blue-green", "canary", "shadow", "ab"]


class Section(reading.Section):
    """A part of the policy, in Argo Rollouts' spelling."""

    model_config = ConfigDict(alias_generator=to_camel)


class Weight(Section):
    """`setWeight`: percent of the requests that the candidate answers; `setMirror`: that it answers too, unseen."""

    percent: Percent


class Pause(Section):
    """`pause`: how long the step lasts at least; analysis runs in it."""

    duration: Seconds


class Approval(Section):
    """`approval`: waits for a person, who says `./mainline approve VERSION`."""


@dataclass(frozen=True)
class Step:
    """One step: `value` is percent for setWeight and setMirror, seconds for pause, 0 for approval."""

    kind: Literal["setWeight", "setMirror", "pause", "approval"]
    value: float = 0.0

    def __str__(self) -> str:
        return {
            "setWeight": f"setWeight {self.value:g} %",
            "setMirror": f"setMirror {self.value:g} %",
            "pause": f"pause {self.value:g} s",
            "approval": "approval",
        }[self.kind]


_KINDS: Mapping[str, tuple[type[Section], str]] = {
    "setWeight": (Weight, "percent"),
    "setMirror": (Weight, "percent"),
    "pause": (Pause, "duration"),
    "approval": (Approval, ""),
}
_ALLOWED: Mapping[Strategy, tuple[str, ...]] = {
    "blue-green": ("setWeight", "pause", "approval"),
    "canary": ("setWeight", "setMirror", "pause", "approval"),
    "shadow": ("setMirror", "pause", "approval"),
    "ab": ("setWeight", "pause", "approval"),
}
_USUAL: Mapping[Strategy, list[dict[str, Any]]] = {
    "blue-green": [{"setWeight": 0}, {"setWeight": 100}, {"pause": {"duration": 300.0}}],
    "canary": [{"setWeight": 10}, {"pause": {"duration": 300.0}}, {"setWeight": 50}, {"pause": {"duration": 300.0}}],
    "shadow": [{"setMirror": 100}, {"pause": {"duration": 600.0}}],
    "ab": [{"setWeight": 50}, {"pause": {"duration": float(DAY)}}, {"approval": {}}],
}


def read(strategy: Strategy, written: list[dict[str, Any]] | None, place: str, file: str) -> tuple[Step, ...]:
    """Check the steps as they are written; return the strategy's usual ones if there are none.

    Args:
        strategy: whose steps they are.
        written: a mapping of one key for each step.
        place: the key that they stand under.
        file: where that is written.

    Raises:
        ParamsError: on a step that is not known, or that the strategy does not have.
    """
    given = _USUAL[strategy] if written is None else written
    steps = tuple(_step(item, f"{place}.{number}", file) for number, item in enumerate(given))
    for number, step in enumerate(steps):
        at = f"{place}.{number}"
        if step.kind not in _ALLOWED[strategy]:
            raise ParamsError(at, f"is {step}", f"{strategy} has {', '.join(_ALLOWED[strategy])}", file)
        if strategy == "blue-green" and step.kind == "setWeight" and step.value not in (0, 100):
            raise ParamsError(at, f"is {step}", "blue-green knows 0 and 100; canary knows all between", file)
    return steps


def _step(item: Mapping[str, Any], place: str, file: str) -> Step:
    unknown = [name for name in item if name not in _KINDS]
    if unknown:
        raise ParamsError(f"{place}.{unknown[0]}", "is not a known key", nearest(str(unknown[0]), _KINDS), file)
    if len(item) != 1:
        raise ParamsError(place, f"has {len(item)} keys", f"write one of {', '.join(_KINDS)} in each step", file)
    ((kind, given),) = item.items()
    section, value = _KINDS[kind]
    as_mapping = {"percent": given} if section is Weight else {} if given is None else given
    checked = check_section(section, as_mapping, f"{place}.{kind}", file)
    return Step(kind, float(getattr(checked, value)) if value else 0.0)  # type: ignore[arg-type]
