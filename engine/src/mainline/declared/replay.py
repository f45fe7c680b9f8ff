"""The section `replay` of `deploy/<environment>.yaml`: which requests another version answers again, what is shown."""

from typing import Annotated, Literal

from pydantic import Field

from mainline.declared.reading import Section


class Replay(Section):
    """What `./mainline replay` answers again, and what counts as another answer.

    `choice` takes the newest `requests` of the log, or of its last `days` days of traffic those whose ids have the
    smallest hashes. An answer moved if it is more than `moved` away, in the label's unit, of classes in probability;
    None for `gate.max_bias`. `threshold` is where a decision changes that somebody takes by a number; two and more
    classes have their own. The report shows `rows` of those that moved most, without personal fields and those of
    `hide`. `release` lets machines without a store put an excerpt of the requests, without those fields, into a release
    on GitHub, where everybody finds it who may read the repository.
    """

    requests: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    choice: Literal["newest", "spread"] = "newest"
    days: Annotated[int, Field(ge=1, le=400)] = 31
    moved: Annotated[float, Field(gt=0)] | None = None
    threshold: float | None = None
    rows: Annotated[int, Field(ge=0, le=10)] = 10
    hide: Annotated[tuple[str, ...], Field(strict=False)] = ()
    release: bool = False
