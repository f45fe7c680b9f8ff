"""Where a sheet comes from: the pipeline's own data without its test rows, or files of a person."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pyarrow import parquet

from mainline import periods, personal
from mainline.contract import Array, Field
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.declared import params
from mainline.errors import DataError, nearest
from mainline.look import sheet
from mainline.look.sheet import Sheet
from mainline.periods import Split
from mainline.scaffold import schedule, table, time_columns
from mainline.scaffold.column import FAR, Column
from mainline.scaffold.dialect import TableError
from mainline.scaffold.findings import Wishes
from mainline.scaffold.table import Options
from mainline.text import count

DATA = Path("data")
"""Where the pipeline keeps its tables."""


def of_pipeline() -> Sheet:
    """Return the features and the request of the declared window, with the label; the test rows stay unseen.

    Raises:
        DataError: when the pipeline has not made them.
    """
    from usecase import interface  # here, since a person's files need no use case

    declared = params.load()
    split = declared.parts
    parts = (*split.train, *split.validation)
    rows = [_rows_in(dataset.FOLDER / f"{part}.parquet") for part in parts]
    step = sheet.step_of(sum(rows))
    found = dataset.read(dataset.FOLDER, parts, [field.name for field in interface.REQUEST], declared.features)
    chosen = slice(None, None, step)
    label = interface.LABEL if interface.LABEL not in found.features else f"{interface.LABEL} (label)"
    columns = columns_of(found.take(chosen), interface.REQUEST)
    columns[label] = _of_feature(label, found.label[chosen])
    places = np.repeat(np.arange(len(parts)), rows)[chosen]
    timed = not declared.data.snapshot
    hidden = sheet.hide(columns, label, personal.columns(interface), interface.KEY)
    return Sheet(
        f"The pipeline's data of {interface.NAME}", columns, label, parts if timed else (),
        places if timed else np.full(len(places), -1), sum(rows), 0, hidden,
        (*_sampled(step), _unseen(split)),
    )  # fmt: skip


def columns_of(rows: Prepared, request: Sequence[Field]) -> dict[str, Column]:
    """Return the features of n prepared rows, and what else a request says, each as a column of n cells."""
    columns = {name: _of_feature(name, values) for name, values in rows.features.items()}
    for field in request:
        if field.name not in columns:
            columns[field.name] = _of_field(field.name, field.kind, rows.request[field.name])
    return columns


def of_files(given: Sequence[Path], label: str, options: Options, wishes: Wishes) -> Sheet:
    """Return the rows of files, or of all files of folders.

    Raises:
        TableError: when they cannot be read as one table, or have no such label.
    """
    files, notes = _without_test(table.listed(given))
    read = table.read(files, options)
    if label and label not in read.columns:
        held = read.left_out.get(label)
        raise TableError(
            f"the label '{label}' cannot be looked at: {held}." if held
            else f"{files[0]} has no column '{label}'; {nearest(label, read.columns)[:300]}"
        )  # fmt: skip
    columns = time_columns.dated(read.columns, wishes) if wishes.time != label else read.columns
    names, places = _periods(files, read.rows_by_file, columns, label, wishes)
    step = sheet.step_of(read.rows)
    chosen = slice(None, None, step)
    seen = {name: _every(column, step) for name, column in columns.items()}
    seen, far = _near(seen, label)
    left = [f"'{name}' is left out: {reason}." for name, reason in read.left_out.items()]
    title = given[0].name if len(given) == 1 else f"{given[0].name} and {len(given) - 1} more"
    hidden = sheet.hide(seen, label, (), ())
    return Sheet(
        title, seen, label, names, places[chosen], read.rows, read.duplicates, hidden,
        (*_sampled(step), *left, *far, *notes),
    )  # fmt: skip


def _without_test(files: list[Path]) -> tuple[list[Path], tuple[str, ...]]:
    """Leave the test periods out of the pipeline's own tables, which no choice may rest on."""
    own = DATA.resolve()
    if not files or not all(own in file.resolve().parents for file in files):
        return files, ()
    split = params.load().parts
    kept = [file for file in files if file.stem not in split.test]
    if len(kept) == len(files):
        return files, ()
    if not kept:
        raise TableError(
            f"these are the test rows ({periods.told(split.test)}), which the gate judges on; name others."
        )
    return kept, (_unseen(split),)


def _unseen(split: Split) -> str:
    return f"The test rows ({periods.told(split.test)}) are left out: the gate judges on them."


def _periods(
    files: Sequence[Path], rows: Sequence[int], columns: Mapping[str, Column], label: str, wishes: Wishes
) -> tuple[tuple[str, ...], Array]:
    """Tell the periods by the names of the files, or else by a column of times; none if there is neither."""
    stems = [file.stem for file in files]
    if len(files) > 1 and all(_is_period(stem) for stem in stems):
        return tuple(stems), np.repeat(np.arange(len(files)), rows)
    total = sum(rows)
    rest = {name: column for name, column in columns.items() if name != label}
    known = ~columns[label].is_missing if label else np.ones(total, bool)
    found, _ = schedule.infer(rest, wishes, known) if known.any() else (None, [])
    if found is None:
        return (), np.full(total, -1)
    order = {name: place for place, name in enumerate(found.periods)}
    return found.periods, np.array([order.get(name, -1) for name in found.named.tolist()])


def _is_period(text: str) -> bool:
    try:
        periods.unit(text)
    except ValueError:
        return False
    return True


def _every(column: Column, step: int) -> Column:
    return replace(column, values=column.values[::step]) if step > 1 else column


def _near(columns: Mapping[str, Column], label: str) -> tuple[dict[str, Column], list[str]]:
    """Take numbers that are infinite or too large for a feature as missing, and say of which columns."""
    near, notes = dict(columns), []
    for name, column in columns.items():
        if name != label and column.is_far:
            is_far = np.abs(column.floats()) > FAR
            near[name] = replace(column, values=np.where(is_far, np.nan, column.values))
            found = f"is infinite or beyond {FAR:g} in {count(int(is_far.sum()), 'row')}"
            notes.append(f"'{name}' {found}, which count as missing here: no feature holds such a number.")
    return near, notes


def _of_feature(name: str, values: Array) -> Column:
    if values.dtype.kind in "OUS":
        return Column(
            name, "text", np.array(["" if value is None else str(value) for value in values.tolist()], object)
        )
    numbers = values.astype(np.float64)
    whole = len(numbers) > 0 and bool((numbers == np.floor(numbers)).all())  # a gap is not whole
    return Column(name, "integer", numbers.astype(np.int64)) if whole else Column(name, "number", numbers)


def _of_field(name: str, kind: str, values: Array) -> Column:
    if kind != "time":
        return _of_feature(name, values)
    minutes = values.astype(np.float64)
    times = np.nan_to_num(minutes).astype(np.int64).astype("datetime64[m]").astype("datetime64[ns]")
    times[np.isnan(minutes)] = np.datetime64("NaT")
    return Column(name, "time", times)


def _rows_in(file: Path) -> int:
    try:
        return int(parquet.ParquetFile(file).metadata.num_rows)
    except (OSError, ValueError) as error:
        raise DataError(file, "cannot be looked at", "`make repro` makes it, `./mainline pull` brings it") from error


def _sampled(step: int) -> tuple[str, ...]:
    return (f"Figures are of one row in {step}, over all periods alike.",) if step > 1 else ()
