"""The section `monitoring` of `deploy/<environment>.yaml`: when production is said to be other than it should be."""

from typing import Annotated, Literal

from pydantic import Field

from mainline.declared.quantities import Bound, Seconds, Share
from mainline.declared.reading import Section
from mainline.declared.service import Place

Count = Annotated[int, Field(ge=1)]
Severity = Literal["alarm", "report"]
Batch = Literal["report", "refuse"]


class Support(Section):
    """How much of a day may be unlike anything that the model was fitted on, beyond what training had; shares of rows.

    With fewer than `min_rows` rows a day says nothing.
    """

    missing: Share = 0.01
    unseen: Share = 0.01
    not_whole: Share = 0.001
    outside: Share = 0.01
    min_rows: Count = 200


class Quality(Section):
    """How much worse than at its test a version may be, on events of a window whose labels are complete.

    With None the limits hold that the package earned. Where they are declared, or the package has not enough days to
    prove any, an alarm needs the whole interval beyond them. `skill` is relative: 0.1 lets the ratio of the metric to
    the baseline's rise by 10 %, as None does where nothing is proven. `bias` is in the label's unit, None for
    `gate.max_bias`; a slice may be as far from the whole.
    """

    min_rows: Count = 2000
    min_days: Annotated[int, Field(ge=2)] = 5
    skill: Share | None = None
    bias: Annotated[float, Field(gt=0)] | None = None


class Labels(Section):
    """When the label of an event should be there, and for which share of a day's events."""

    after: Seconds = 129_600.0
    complete: Share = 0.95


class Severities(Section):
    """Whether a check that fails is an alarm, or only said."""

    support: Severity = "alarm"
    range: Severity = "report"
    skew: Severity = "report"
    quality: Severity = "alarm"
    labels: Severity = "alarm"
    drift: Severity = "report"
    estimate: Literal["report"] = "report"


class Reasons(Section):
    """Which reasons start a retraining; a person can always start one."""

    schedule: bool = True
    new_data: bool = True
    age: bool = True
    quality: bool = True
    drift: bool = False


class Retrain(Section):
    """When production is to be retrained: for declared reasons, not sooner than `cool_down_days` after the last one.

    `age_days` counts from the end of the newest period of the window. The source must offer `min_new_days` days in
    periods that are over; if it does not, an issue says so instead.
    """

    when: Reasons = Reasons()
    age_days: Count = 75
    cool_down_days: Annotated[int, Field(ge=0)] = 7
    min_new_days: Count = 14


class Watch(Section):
    """When `monitor --watch` looks again: `every` so long, and sooner if something changes, but after `pause`."""

    every: Annotated[Seconds, Field(gt=0)] = 3600.0
    pause: Seconds = 60.0


class Notify(Section):
    """An address that is told of alarms; `url_from` names the variable that holds its URL, which is a secret."""

    form: Literal["slack", "generic"]
    url_from: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")]

    @property
    def name(self) -> str:
        """What it is called where something is said of it."""
        return f"{self.form} ({self.url_from})"


class Latency(Section):
    """Which share of the requests is to be answered within `threshold` seconds, a bound of the service's histogram."""

    threshold: Bound = 0.05
    share: Annotated[float, Field(gt=0, lt=1)] = 0.99


class Objectives(Section):
    """What the service promises over `days` days; alerts are rendered from it, and say nothing of fewer requests."""

    availability: Annotated[float, Field(gt=0, lt=1)] = 0.999
    latency: Latency = Latency()
    days: Annotated[int, Field(ge=7)] = 30
    min_requests: Count = 1000


class Keep(Section):
    """What the branch of monitoring keeps: days of records, days of pointers to rows, and looks as its history."""

    days: Annotated[int, Field(ge=31)] = 400
    rows_days: Annotated[int, Field(ge=31)] = 90
    looks: Count = 200


class Monitoring(Section):
    """The whole section.

    An alarm is closed once its check has passed for `quiet_days` days. Somebody is to look each `silent_days` days.
    The report goes to the folder `report`, where the server finds it; None for the folder of the environment. A file
    that `predict` reads is predicted all the same if a check of support is an alarm, or refused, as `batch` says.
    """

    window_days: Annotated[int, Field(ge=2)] = 7
    quiet_days: Annotated[int, Field(ge=0)] = 7
    silent_days: Count = 3
    report: Place | None = None
    watch: Watch = Watch()
    notify: list[Notify] = Field(default_factory=list, max_length=20)
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    support: Support = Support()
    batch: Batch = "report"
    quality: Quality = Quality()
    labels: Labels = Labels()
    severity: Severities = Severities()
    keep: Keep = Keep()
    retrain: Retrain = Retrain()
    objectives: Objectives = Objectives()
