"""The features of the last commit's rows, computed again by code that was edited.

Requests, labels and tables are those that the pipeline made, and stay as they are (see `reach`). The rows of a period
are computed together, as `prepare` does.
"""

from collections.abc import Callable, Iterable, Sequence

from mainline import progress
from mainline.contract import FeatureTable
from mainline.data import dataset, vocabulary
from mainline.data.dataset import Prepared
from mainline.data.feature_values import check_present, valueless
from mainline.data.lookup import Table, from_columns
from mainline.data.storage import read_columns
from mainline.declared.params import Params
from mainline.package.sealing import FOLDER as TABLES
from mainline.periods import told
from mainline.stages import computation
from mainline.text import count
from usecase import interface, tables


def reader(params: Params) -> Callable[[Iterable[str]], Prepared]:
    """Compute the features of a window, and return what gives the rows of some periods with the declared ones.

    Raises:
        UseCaseError: as `prepare` does.
    """
    offered, periods = computation.check(params), params.data.periods
    made: dict[str, Prepared] = {}
    lacking = []
    for number, period in enumerate(progress.each(periods, "features")):
        rows = _compute(periods[max(0, number - 1) : number + 1])
        lacking.append(valueless(rows.features))
        made[period] = Prepared(rows.request, {name: rows.features[name] for name in params.features}, rows.label)
    check_present(lacking, told(periods))
    progress.say(f"{count(sum(map(len, made.values())), 'row')} with {count(len(offered), 'feature')}")
    return lambda parts: dataset.join(made[part] for part in parts)


def _compute(periods: Sequence[str]) -> Prepared:
    """Compute the features of the last of one or two periods; its tables know the rows of the one before."""
    fields = [field.name for field in interface.REQUEST]
    rows = dataset.read(dataset.FOLDER, periods[-1:], fields, [])
    known = {table.name: _read(table, periods) for table in tables.FEATURE_TABLES}
    request = vocabulary.request(dict(rows.request), interface)
    return Prepared(request, computation.compute(request, known, periods[-1]), rows.label)


def _read(declared: FeatureTable, periods: Sequence[str]) -> Table:
    fixed = TABLES / f"{declared.name}.parquet"
    *before, now = [fixed] if fixed.is_file() else [TABLES / declared.name / f"{period}.parquet" for period in periods]
    return from_columns(declared, read_columns(now), *map(read_columns, before))
