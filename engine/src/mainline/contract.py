"""Where the use case and the machinery meet.

`src/usecase/` offers six modules, and may offer `labels`; the machinery calls the names below and nothing else:

| module      | offers                                                                  | may import            |
|-------------|-------------------------------------------------------------------------|-----------------------|
| `source`    | `describe()`, `fetch(periods)`; `version(periods)` for data elsewhere   | anything              |
| `schema`    | `TABLES`, `EVENTS`, `STATIC`; `unlabelled(events)` for reasons          | pandas, pandera       |
| `interface` | `NAME`, `TASK`, `LABEL`, `KEY`, `REQUEST`, `RESPONSE`, `BANNED`; `CLASSES`, `GROUP` | this module |
| `tables`    | `FEATURE_TABLES`, `build_static(raw)`, `build_moving(previous, current, static)` | pandas, this module |
| `features`  | `CATEGORICAL`, `NUMERIC`, `prediction_time(columns)`, `compute(columns, tables)` | numpy only   |
| `scoring`   | `fit_target(label, columns)`, `respond(raw, columns)`, `slices(columns)`| numpy only            |
| `labels`    | `fetch(since, until)`; the module may be left out                        | pandas, these modules |

`source` may offer `version_of(period)`, a text that changes if, and only if, what `fetch` delivers for that period
does; for None, what it delivers without a period. `fetch` is then asked for the periods alone that have changed, which
may be none, and delivers the same for a period whichever others are asked for.

`scoring` may offer two more: `baseline(columns, features)`, the predictions of a simple rule that the model must beat
(NaN where it knows nothing), and `weight(label, columns)`, how much each row counts in the fit and in every metric.
`features` may offer `MISSING` as well: by feature, the share of a period's rows that may lack a value.
`interface` may offer `PERSONAL`: the fields and columns that say something of a person, each with why it is needed.

`raw` and what `respond` returns have shape (n,), and (n, K) for K classes. `CLASSES` is for labels that name a class.

Data without time (`data.snapshot` in `params.yaml`) has neither `prediction_time` nor tables that move, so that
`build_moving` may be left out; its `GROUP` names a column whose rows must not be split between fitting and testing.
`features` and `scoring` travel inside every model package, which is why they import numpy alone.
`mainline.conformance` checks a use case against all this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]
"""A 1-D column of n values, one per row; probabilities of K classes have shape (n, K)."""

Columns = Mapping[str, Array]
"""Columns of equal length n by name."""

Task = Literal["regression", "classification", "multiclass"]
"""The meaning of a prediction: a number, the probability of the positive class of two, or those of each of more."""

Classes = tuple[str | int, ...]
"""The values of a label that names a class; of two, the second is the positive one."""

Kind = Literal["string", "integer", "number", "time"]
"""`string` is an object array of str ('' where absent), `integer` int64, `number` float64, `time` int64 minutes since
1970-01-01 UTC. What may be absent and is not text is float64, NaN where absent: integers and minutes as well."""


@dataclass(frozen=True)
class Field:
    """One value of a request or of a response.

    A time may name the zone of its place, such as Europe/Berlin. `columns["NAME"]` is in UTC as ever, and
    `columns["NAME_local"]` are the minutes that the clock of the place shows; a time that says no offset is read by
    that clock (`mainline.clocks` says how where it is changed).
    """

    name: str
    kind: Kind
    description: str
    example: str | float
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    optional: bool = False
    zone: str = ""


@dataclass(frozen=True)
class FeatureTable:
    """Knowledge that the client does not send, about an entity or about everybody.

    `key` is the request column that names the entity; without one the rows are of no entity and count for every
    request, such as the weather of the one place that all requests come from. A row may be seen `lag` minutes after
    its event time and stays valid for `keep` minutes; None: until a newer row of its period or of the period after.
    Static tables hold one row per entity, or a single one, and no event time.
    """

    name: str
    key: str = ""
    columns: tuple[str, ...] = ()
    lag: int = 0
    keep: int | None = None
    static: bool = False
