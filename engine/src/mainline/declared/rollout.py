"""The section `rollout` of `deploy/<environment>.yaml`: how a version takes over, and what may stop it.

Names are those of Argo Rollouts where the meaning is the same: steps, setWeight, pause, duration, analysis, interval,
count, failureLimit, rollbackWindow.revisions, progressDeadlineSeconds.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from mainline.declared import rollout_steps, together
from mainline.declared.quantities import Bound, Positive, Share, duration
from mainline.declared.reading import check_section
from mainline.declared.rollout_steps import Section, Step, Strategy
from mainline.declared.together import Together
from mainline.errors import ParamsError

SECTION = "rollout"
MetricName = Literal["error-rate", "invalid-outputs", "latency", "prediction-difference", "prediction-drift"]


def _header(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{0,64}", name):
        raise ValueError("a header's name has letters, digits and '-'")
    return name.lower()


class Metric(Section):
    """One comparison of candidate and stable; `limit` is how much worse the candidate may be.

    The limit is a share of the requests (error-rate, invalid-outputs; latency: of those slower than `threshold`
    seconds), in the response's unit (prediction-difference; of classes a distance from 0 to 1), or the distance of two
    distributions from 0 to 1 (prediction-drift).
    """

    name: MetricName
    limit: Annotated[float, Field(ge=0)]
    threshold: Bound = 0.05


class Outcome(Section):
    """What came of answers, compared while both versions answer.

    Without `metric` clients send values (`POST /outcomes`). With one, such as `mae`, monitoring joins labels to the
    answers of the prediction log, and the value of a row is what that metric is a mean of.

    `better` says which values are good, `effect` the smallest difference that matters, in the values' unit. `require:
    better` asks for an improvement of at least that, `not-worse` for nothing worse than that. The interval holds with
    `confidence` at all looks together; it is first made, and narrowest, at `minimum` units of each version (a request,
    or a client that keeps its version). A step that the interval has not decided by the `deadline` ends as `undecided`
    says.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9 _-]{0,39}$")]
    unit: Annotated[str, Field(pattern=r"^[^\x00-\x1f<>|]*$", max_length=20)] = ""
    metric: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,39}$")] | None = None
    better: Literal["higher", "lower"]
    require: Literal["better", "not-worse"] = "not-worse"
    effect: Annotated[float, Field(gt=0, le=1e12)]
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    minimum: Annotated[int, Field(ge=10, le=10**9)] = 1000
    deadline: Annotated[float, BeforeValidator(duration), Field(gt=0)] = 604_800.0
    undecided: Literal["go-on", "roll-back"] = "roll-back"

    @property
    def sign(self) -> int:
        """1 if larger values are better, else -1."""
        return 1 if self.better == "higher" else -1

    @property
    def limit(self) -> float:
        """The difference of the means, candidate less stable, that the candidate must be at least as good as."""
        return self.sign * (self.effect if self.require == "better" else -self.effect)


class Analysis(Section):
    """When metrics are measured and how many failed measurements abort the rollout; `count` is the fewest a step needs.

    With `goldenRequests` the package's golden requests decide at the end of a step that had too little traffic.
    """

    interval: Annotated[float, BeforeValidator(duration), Field(gt=0)] = 30.0
    count: Annotated[int, Field(ge=1)] = 1
    failure_limit: Annotated[int, Field(ge=0)] = 0
    minimum_samples: Annotated[int, Field(ge=1)] = 100
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.99
    golden_requests: bool = False
    metrics: list[Metric] = Field(default_factory=list)
    outcome: Outcome | None = None


class RollbackWindow(Section):
    """How many versions before the present one return without steps."""

    revisions: Annotated[int, Field(ge=0)] = 3


class Sticky(Section):
    """What a client keeps its version by: its API key, or a header (its API key where the header is missing)."""

    by: Literal["none", "key", "header"] = "none"
    header: Annotated[str, AfterValidator(_header)] = ""


class Follow(Section):
    """How often git is looked at; `jitter` spreads many followers by this share of the interval."""

    interval: Annotated[float, BeforeValidator(duration), Field(ge=0.1)] = 30.0
    jitter: Share = 0.1


class Declared(Section):
    """The whole section as it is written; steps are read one by one."""

    strategy: Strategy = "blue-green"
    steps: list[dict[str, Any]] | None = None
    analysis: Analysis = Analysis()
    rollback_window: RollbackWindow = RollbackWindow()
    progress_deadline_seconds: Positive = 600.0
    sticky: Sticky = Sticky()
    follow: Follow = Follow()
    together: Together | None = None


@dataclass(frozen=True)
class Policy:
    """The section, checked, with its steps; `raw` is what it was read from."""

    declared: Declared
    steps: tuple[Step, ...]
    raw: Mapping[str, Any]

    @cached_property
    def hash(self) -> str:
        """Tell one way of rolling out from another; how often git is looked at is not part of it."""
        shown = self.declared.model_dump(include={"strategy", "analysis", "sticky", "progress_deadline_seconds"})
        # A policy without an outcome, or a metric of it, keeps the hash that it had before there were any.
        if shown["analysis"]["outcome"] is None:
            del shown["analysis"]["outcome"]
        elif shown["analysis"]["outcome"]["metric"] is None:
            del shown["analysis"]["outcome"]["metric"]
        shown["steps"] = [[step.kind, step.value] for step in self.steps]
        return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:12]


def read(raw: Mapping[str, Any], file: str = "deploy/production.yaml") -> Policy:
    """Check the section.

    Raises:
        ParamsError: on the first thing wrong, naming its place, what is allowed and the nearest known key.
    """
    declared = check_section(Declared, dict(raw), SECTION, file)
    steps = rollout_steps.read(declared.strategy, declared.steps, f"{SECTION}.steps", file)
    _check(declared, steps, file)
    together.check(declared.together, declared.follow.interval, declared.analysis.outcome is not None, file)
    return Policy(declared, steps, raw)


def _check(declared: Declared, steps: tuple[Step, ...], file: str) -> None:
    if declared.analysis.outcome and not any(step.kind == "setWeight" and 0 < step.value < 100 for step in steps):
        remedy = "give a step of canary or ab a setWeight from 1 to 99"
        raise ParamsError(f"{SECTION}.analysis.outcome", "has no step in which clients get both versions", remedy, file)
    if declared.strategy == "ab" and declared.sticky.by == "none":
        allowed_here = "an A/B test needs clients that keep their version; use key or header"
        raise ParamsError(f"{SECTION}.sticky.by", "is 'none'", allowed_here, file)
    if (declared.sticky.by == "header") != bool(declared.sticky.header):
        found = f"is '{declared.sticky.header}' with sticky.by: {declared.sticky.by}"
        raise ParamsError(f"{SECTION}.sticky.header", found, "name a header with by: header, and only there", file)
