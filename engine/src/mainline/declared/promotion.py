"""The section `promotion` of `deploy/<environment>.yaml`: what a version must have shown before it is assigned."""

from typing import Annotated, Literal

from pydantic import Field

from mainline.declared.quantities import Share
from mainline.declared.reading import Section


class LoadTest(Section):
    """The load that a version must have kept in the environment before: `./mainline load URL --record` shows it.

    `rate` is requests a second of `rows` rows each, kept for `seconds`; the 99th percentile of latency was at most
    `p99_ms` milliseconds, and at most the share `errors` of the requests failed.
    """

    rate: Annotated[float, Field(ge=0.1, le=100_000)]
    seconds: Annotated[float, Field(ge=1, le=3_600)]
    p99_ms: Annotated[float, Field(gt=0, le=3_600_000)]
    errors: Share = 0.001
    rows: Annotated[int, Field(ge=1, le=100_000)] = 1


class Soak(Section):
    """How long a version must have been in the environment before, and how many good releases in a row that needs."""

    days: Annotated[float, Field(ge=0, le=365)] = 0.0
    releases: Annotated[int, Field(ge=0, le=1_000)] = 0


class Promotion(Section):
    """When an environment takes a version.

    `after` names the environment that must have it first, None for what is on main. `manual` waits for a person. With
    `evidence` the package and evidence of it must be signed. `was` is the name that the environment had before:
    until it gets a version, it has what that one has. `smoke_test`, `load_test` and `soak` ask for what must have gone
    well in `after`; a version that the environment had before comes back without them.
    """

    after: str | None
    was: str | None = None
    approval: Literal["automatic", "manual"]
    signature: Literal["optional", "required", "evidence"]
    smoke_test: bool = False
    load_test: LoadTest | None = None
    soak: Soak = Soak()

    @property
    def tests(self) -> tuple[str, ...]:
        """The keys of what is asked for beyond that `after` has the version."""
        asked = {"smoke_test": self.smoke_test, "load_test": self.load_test is not None, "soak": self.soak != Soak()}
        return tuple(key for key, is_asked in asked.items() if is_asked)
