"""What a replay found: a document that may come from a pull request of a fork, so all of it is bounded.

It holds counts, and at most ten requests without the fields that are hidden; see `masking`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from mainline.documents import Count, Hex, Name, Number, Part, Text
from mainline.errors import MainlineError
from mainline.gate.scores import Conclusion

FILE = Path("metrics/report/replay.json")
"""Where a replay is kept for the report."""
FORMAT: Literal[1] = 1
MAX_BYTES = 200_000
SEGMENTS, ROWS, FIELDS = 12, 10, 100
"""Segments, rows, and fields of a row, at most."""

Value = Annotated[str, Field(max_length=60)]


class ReplayError(MainlineError):
    """A document is not what `./mainline replay` writes."""


class Segment(Part):
    """How many of its requests get another answer; `shift` is the mean of the new answer minus the old one."""

    column: Name
    value: Name
    requests: Count
    moved: Count
    crossed: Count
    shift: Number | None


class Given(Part):
    """A field of a request as a person reads it."""

    field: Name
    value: Value


class Row(Part):
    """A request that moved: both answers, and the truth if it is known and may be shown."""

    before: Value
    after: Value
    truth: Value
    request: Annotated[list[Given], Field(max_length=FIELDS)]


class Truth(Part):
    """Both versions on the requests whose label is known; the difference is relative, less is better.

    `fitted` counts requests with a label that are left out, since one of the two was fitted on their period; None of
    data without time, of which nobody can tell.
    """

    requests: Count
    days: Count
    fitted: Count | None
    metric: Name
    candidate: Number
    against: Number
    difference: Number | None
    low: Number | None
    high: Number | None
    conclusion: Conclusion


class Answers(Part):
    """What changed, of so many requests of `logged` that the log had.

    `again` of `tried` requests got the logged answer once more from the version that gave it; `is_logged` if those of
    the log are compared, and not computed ones. `threshold` says where a decision changes, '' if nowhere.
    """

    requests: Count
    logged: Count
    first: Name
    last: Name
    choice: Literal["newest", "spread"]
    amount: Number
    unit: Name
    moved: Count
    crossed: Count
    invalid: Count
    threshold: Text
    tried: Count
    again: Count
    is_logged: bool
    hidden: Annotated[list[Name], Field(max_length=FIELDS)]
    segments: Annotated[list[Segment], Field(max_length=SEGMENTS)]
    rows: Annotated[list[Row], Field(max_length=ROWS)]
    without_rows: Text
    truth: Truth | None
    without_truth: Text


class Replay(Part):
    """The whole document: `answers`, or why there are none.

    `digest` and `commit` are the candidate's; a version has no commit here, nor have changes that none holds.
    """

    format: Literal[1] = FORMAT
    environment: Name
    candidate: Name
    digest: Hex | None
    commit: Hex | None
    against: Name
    answers: Answers | None
    reason: Text


def read(content: bytes) -> Replay:
    """Return a document, checked.

    Raises:
        ReplayError: when it is not what a replay writes; nothing of it is repeated.
    """
    if len(content) > MAX_BYTES:
        raise ReplayError(f"the replay is larger than {MAX_BYTES:,} bytes.")
    try:
        return Replay.model_validate_json(content)
    except ValidationError as error:
        count = error.error_count()
        raise ReplayError(f"the replay is not what `./mainline replay` writes: {count} faults.") from error
