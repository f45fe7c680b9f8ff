"""`src/usecase/source.py`: where the files are, and how they are read."""

from mainline.missing_values import IN_NUMBERS
from mainline.scaffold import moments
from mainline.scaffold.code import call, fill, literal, marked, plain, reasons
from mainline.scaffold.column import Column
from mainline.scaffold.dialect import Dialect
from mainline.scaffold.outline import constant, dropped, events, own_files
from mainline.scaffold.plan import Plan
from mainline.scaffold.schedule import Schedule

_NAMED = {
    "day": '{time}.dt.strftime("%Y-%m-%d")',
    "week": '{time}.dt.strftime("%G-W%V")  # ISO weeks',
    "month": '{time}.dt.strftime("%Y-%m")',
    "year": '{time}.dt.strftime("%Y")',
    "quarter": '{time}.dt.tz_localize(None).dt.to_period("Q").dt.strftime("%Y-Q%q")',
}
_ABSENT = "    absent = {name: [*(MISSING if name in numbers else []), *MISSING_IN.get(name, [])] for name in types}"
_MASK = (
    "    for name, values in MISSING_IN.items():",
    "        if name in rows:",
    "            rows[name] = rows[name].mask(rows[name].isin(values))",
)
_PARTS = ("year", "month", "day", "hour")


def source(plan: Plan) -> str:
    """Return the text of the module."""
    values = {
        "files": plain(", ".join(own_files(plan)), 80), "constant": constant(plan), "events": literal(events(plan)),
        "constants": "\n".join(_constants(plan)), "read": "\n".join(_read(plan)),
        "imports": "from mainline.errors import SourceError\nfrom mainline.progress import say\n" if plan.time else "",
    }  # fmt: skip
    if plan.time:
        named = _NAMED[plan.time.unit].format(time=f"rows[{literal(plan.time.name)}]")
        fetch = fill("usecase/fetch_periods", values | {"unit": plan.time.unit, "named": named})
    else:
        fetch = fill("usecase/fetch_snapshot", values)
    return fill("usecase/source.py", values | {"fetch": fetch.rstrip()})


def _constants(plan: Plan) -> list[str]:
    lines = [call("FILES = ", [literal(name) for name in own_files(plan)], tail="")]
    if len(own_files(plan)) == 1:
        lines = [f"FILES = {literal(own_files(plan))}"]
    if dropped(plan):
        lines.append(reasons("LEFT_OUT", dropped(plan)))
        lines.append('"""inferred: columns that nothing is made of, with the reason."""')
    if plan.table.dialect:
        markers = sorted({marker for column in plan.columns.values() for marker in column.markers})
        lines.append(f"MISSING = [{', '.join(map(literal, [*IN_NUMBERS, *markers]))}]")
        lines.append('"""What stands for a number that is missing; in text an empty cell alone does."""')
    if _signs(plan):
        lines += [reasons("SIGNS", _signs(plan)), '"""inferred: what stands beside each number of a column."""']
    if _declared(plan):
        lines.append("MISSING_IN = {")
        for name, values in _declared(plan).items():
            lines.append(marked(f"    {literal(name)}: [{', '.join(map(literal, values))}],"))
        lines += ["}", '"""What stands for a missing value in one column alone."""']
    return lines


def _declared(plan: Plan) -> dict[str, tuple[str | float, ...]]:
    """Return what a person says stands for a missing value, by column: as Parquet holds it, or as text."""
    found = {name: column for name, column in plan.columns.items() if column.declared and name not in dropped(plan)}
    is_parquet = plan.table.dialect is None
    return {
        name: tuple(map(float, column.declared)) if is_parquet and column.is_number else column.declared
        for name, column in found.items()
    }


def _signs(plan: Plan) -> dict[str, str]:
    """Return the sign beside each number, by column."""
    return {name: column.sign for name, column in plan.columns.items() if column.sign and name not in dropped(plan)}


def _amounts(dialect: Dialect) -> list[str]:
    """Write how numbers are taken from texts with a sign, which no option of pandas does."""
    plain = [f'.str.replace({literal(dialect.thousands)}, "")'] if dialect.thousands else []
    plain += ['.str.replace(",", ".")'] if dialect.decimal == "," else []
    return [
        "    for name, sign in SIGNS.items():",
        "        if name in rows:",
        '            cells = rows[name].str.replace(sign, "").str.strip()',
        f"            rows[name] = cells.mask(cells.isin(MISSING)){''.join(plain)}.astype({literal('float64')})",
    ]


def _read(plan: Plan) -> list[str]:
    lines = _rows(plan) + (_time(plan.time, plan) if plan.time else [])
    if dropped(plan):
        lines.append('    rows = rows.drop(columns=list(LEFT_OUT), errors="ignore")')
    if plan.table.dialect is None:
        kinds = f"{constant(plan)}.columns.items() if name in rows"
        return [
            *lines,
            *(_MASK if _declared(plan) else ()),
            f"    kinds = {{name: str(column.dtype) for name, column in {kinds}}}",
            '    texts = [name for name, kind in kinds.items() if kind.startswith("str")]',
            '    return rows.assign(**{name: rows[name].astype("str").fillna("") for name in texts}).astype(kinds)',
        ]
    if lines[-1].startswith("    rows = "):
        return [*lines[:-1], lines[-1].replace("    rows = ", "    return ", 1)]
    return [*lines, "    return rows"]


def _rows(plan: Plan) -> list[str]:
    dialect = plan.table.dialect
    if dialect is None:
        return ['    rows = pd.read_parquet(path, to_pandas_kwargs={"ignore_metadata": True})  # an index is a column']
    given = ["path"]
    given += [f"sep={literal(dialect.delimiter)}"] if dialect.delimiter != "," else []
    given += [f"encoding={literal(dialect.encoding)}"] if dialect.encoding != "utf-8" else []
    given += [f"decimal={literal(dialect.decimal)}"] if dialect.decimal != "." else []
    given += [f"thousands={literal(dialect.thousands)}"] if dialect.thousands else []
    declared = _declared(plan)
    absent = "absent" if declared else "dict.fromkeys(numbers, MISSING)"
    given += ["index_col=False", "dtype=types", "keep_default_na=False", f"na_values={absent}"]
    other = f" if name != {literal(plan.time.name)}" if plan.time and plan.time.is_put_together else ""
    types = f"{{name: str(column.dtype) for name, column in {constant(plan)}.columns.items(){other}}}"
    dates = [plan.time.parts[0]] if plan.time and plan.columns[plan.time.parts[0]].kind == "time" else []
    texts = [f'{literal(name)}: ""' for name in declared if plan.columns[name].kind == "text"]
    return [
        f"    types = {types}",
        *(['    types |= dict.fromkeys(SIGNS, "str")'] if _signs(plan) else []),
        *(f"    types[{literal(name)}] = {literal(_raw_kind(plan.columns[name]))}" for name in dates),
        '    numbers = [name for name, kind in types.items() if not kind.startswith("str")]',
        *([_ABSENT] if declared else []),
        call("rows = pd.read_csv", given, 4, ""),
        *([call("rows = rows.fillna", [f"{{{', '.join(texts)}}}"], 4, "")] if texts else []),
        *(_amounts(dialect) if _signs(plan) else []),
    ]


def _raw_kind(column: Column) -> str:
    """Return what a column of times is read as before its format is."""
    return "float64" if column.of_number else "str"


def _time(time: Schedule, plan: Plan) -> list[str]:
    """Write how the time is made of its columns."""
    column = plan.columns[time.parts[0]]
    given = [f"rows[{literal(time.parts[0])}]"]
    if column.kind != "time":
        named = [f"{literal(part)}: rows[{literal(name)}]" for part, name in zip(_PARTS, time.parts, strict=False)]
        named += ['"day": 1'] if len(time.parts) == len(("year", "month")) else []
        given = [f"pd.DataFrame({{{', '.join(named)}}})"]
    elif column.of_number:
        given = [f'{given[0]}.astype("Int64").astype("str")']
    elif moments.complete(column.format) != column.format:
        given = [f'{given[0]} + "-1"']  # a week's Monday
    if column.format:
        given.append(f"format={literal(moments.complete(column.format))}")
    given += ["utc=True"] if not time.zone else []
    lines = [call("times = pd.to_datetime", given, 4, "")]
    if time.is_put_together and column.kind == "time":
        lines.append(f'    times += pd.to_timedelta(rows[{literal(time.parts[1])}], unit="h")')
    if time.zone == "UTC":
        doubt = "  # inferred: the files name no zone" if time.grain == "minute" else ""
        lines.append(f'    times = times.dt.tz_localize("UTC"){doubt}')
    if time.is_local:
        lines.append("    # readings of the clock whose zone interface.py declares")
    return [*lines, f'    rows[{literal(time.name)}] = times.dt.as_unit("ms")']
