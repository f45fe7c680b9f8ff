"""The tests of a use case that a fork begins with, beside those that hold for any."""

from mainline.scaffold.code import fill, literal
from mainline.scaffold.computation import SHORT
from mainline.scaffold.outline import constant
from mainline.scaffold.plan import Plan

SHOWN = 4
"""Cells of a row that are compared with the file."""


def files(plan: Plan) -> dict[str, str]:
    """Return the text of each test by its path; `placing.KEPT` names those kept as they are."""
    return {"tests/test_source.py": _source(plan), "tests/test_features.py": _features(plan)}


def _source(plan: Plan) -> str:
    place = plan.rows_of_first_file // 2
    cells: list[str] = []
    for name in [*plan.features, plan.label]:
        column = plan.columns[name]
        if not column.is_missing[place] and len(cells) < SHOWN and len(name) <= SHORT:
            value = column.values[place]
            shown = literal(value if column.kind == "text" else value.item())
            cells.append(f"    assert row[{literal(name)}] == {shown}")
    return fill(
        "tests/test_source.py",
        {
            "rows": str(plan.rows_of_first_file), "place": str(place), "cells": "\n".join(cells),
            "constant": constant(plan), "without": _without_label(plan), "head": str(_head(plan)),
        },
    )  # fmt: skip


def _head(plan: Plan) -> int:
    """Return how many rows are read without their label."""
    return min(3, plan.rows_of_first_file)


def _without_label(plan: Plan) -> str:
    dialect, rows = plan.table.dialect, _head(plan)
    if dialect is None:
        return f"    pd.read_parquet(source.FILES[0]).head({rows}).drop(columns=interface.LABEL).to_parquet(path)"
    given = [f"sep={literal(dialect.delimiter)}"] if dialect.delimiter != "," else []
    given += [f"encoding={literal(dialect.encoding)}"] if dialect.encoding != "utf-8" else []
    read = ", ".join(["source.FILES[0]", 'dtype="str"', "keep_default_na=False", f"nrows={rows}", *given])
    return (
        f"    head = pd.read_csv({read})\n"
        f"    head.drop(columns=interface.LABEL).to_csv({', '.join(['path', 'index=False', *given])})"
    )


def _features(plan: Plan) -> str:
    texts = [name for name in plan.texts if not plan.columns[name].missing and len(name) <= SHORT]
    more = ""
    if texts:
        name = literal(texts[0])
        more = (
            "\n\ndef test_text_that_was_never_seen_is_kept() -> None:\n"
            '    """A value that no row of the data has reaches the model as it was sent."""\n'
            f'    request = EXAMPLE | {{{name}: "never seen"}}\n'
            f'    assert features.compute(from_rows([request], interface.REQUEST), {{}})[{name}][0] == "never seen"\n'
        )
    return fill("tests/test_features.py", {"more": more}).rstrip() + "\n"
