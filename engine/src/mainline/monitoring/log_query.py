"""The SQL by which DuckDB reads lines of the prediction log: what a package names is quoted, and never SQL."""

from collections.abc import Iterable
from pathlib import Path

from mainline.contract import Field, Kind
from mainline.errors import MainlineError
from mainline.limits.sketches import PREDICTION
from mainline.monitoring.packages import Packaged

_TYPES: dict[Kind, str] = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "time": "VARCHAR"}
_SINGLE = {"inputs": "input", "features": "feature", "probabilities": "probability"}
_TIME = "%Y-%m-%dT%H:%M:%S.%g+00:00"
_VERSION = r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,99}"
_LAST_BITS = 1e-6
"""How far a probability in single precision may lie outside of 0 to 1."""
_ALWAYS = {
    "time": "VARCHAR",
    "request_id": "VARCHAR",
    "key": "VARCHAR",
    "version": "VARCHAR",
    "digest": "VARCHAR",
    "seconds": "DOUBLE",
    "stale": "VARCHAR[][]",
    "experiment": "VARCHAR",
    "client": "VARCHAR",
}


def rows(file: Path, package: Packaged) -> tuple[str, dict[str, str]]:
    """Return the query of the rows of a file that a package answered, and its parameters.

    Raises:
        MainlineError: when DuckDB cannot tell the names of the package apart.
    """
    _check_names(_inputs(package))
    _check_names(_features(package))
    _check_names(package.classes)
    structs = {"inputs": _inputs(package), "features": _features(package), **_probabilities(package)}
    columns = {**_ALWAYS, PREDICTION: f"{_predicted(package)}[]"}
    columns |= {struct: _struct(names) for struct, names in structs.items()}
    lists = [f"len({_path(struct, name)})" for struct, names in structs.items() for name in names] + ["len(stale)"]
    # One expression for all columns: a condition each takes ten times as long.
    even = f"{' + '.join(lists)} = {len(lists)} * len(prediction) and greatest({', '.join(lists)}) = len(prediction)"
    values = [
        f"unnest({_path(struct, name)}) as {_named(_SINGLE[struct], name)}"
        for struct, names in structs.items() for name in names
    ]  # fmt: skip
    present = [f"{_named('input', field.name)} is not null" for field in package.request if not field.optional]
    lines = f"""
        select try_strptime(time, '{_TIME}') as moment, * from {source(file, columns)}
        where digest = $digest and regexp_full_match(version, $version) and len(prediction) > 0 and {_fits(package)}
    """  # noqa: S608
    unnested = f"""
        select moment as time, strftime(moment, '%Y-%m-%d') as day, request_id, key, version, experiment, client,
            seconds, (generate_subscripts(prediction, 1) - 1)::integer as "row", {", ".join(values)},
            unnest(prediction) as prediction, unnest(stale) as stale
        from ({lines}) where moment between '2000-01-01' and '2200-01-01' and {even}
    """  # noqa: S608
    query = f"select * from ({unnested}) where {' and '.join(present) or 'true'}"  # noqa: S608
    return query, {"digest": package.digest, "version": _VERSION}


def source(file: Path, columns: dict[str, str]) -> str:
    """Write the call that reads lines: one that is not JSON is a row of nulls, a value of another type is null."""
    listed = ", ".join(f"{_literal(name)}: {_literal(kind)}" for name, kind in columns.items())
    return (
        f"read_json('{text(file)}', format = 'newline_delimited', columns = {{{listed}}}, ignore_errors = true, "
        "compression = 'none')"
    )


def quoted(name: str) -> str:
    """Return a name as SQL writes the name of a column."""
    return '"' + name.replace('"', '""') + '"'


def text(path: Path) -> str:
    """Return a path as the inside of a text of SQL."""
    return str(path).replace("'", "''")


def _check_names(names: Iterable[str]) -> None:
    """Refuse names that differ in their case alone, which SQL takes for one."""
    found: dict[str, str] = {}
    for name in names:
        other = found.setdefault(name.casefold(), name)
        if other != name:
            raise MainlineError(
                f"'{other}' and '{name}' differ in their case alone, and the roll-up cannot tell them apart. Rename "
                "one in src/usecase/, and release the model."
            )


def _inputs(package: Packaged) -> dict[str, str]:
    return {field.name: _type(field) for field in package.request}


def _features(package: Packaged) -> dict[str, str]:
    return dict.fromkeys(package.numbers, "DOUBLE") | dict.fromkeys(package.texts, "VARCHAR")


def _predicted(package: Packaged) -> str:
    return "VARCHAR" if package.classes else "DOUBLE"


def _fits(package: Packaged) -> str:
    """Write the condition that a service sends each prediction of a line. Of numbers DuckDB takes NaN for the largest.

    No service answers out of the response model, so that no number without an end makes an error that nobody can tell.
    """
    every = "list_count(prediction) = len(prediction)"
    if not package.classes:
        low, high = package.response_ends
        return f"{every} and list_min(prediction) >= {low!r}::double and list_max(prediction) <= {high!r}::double"
    shares = [_path(struct, name) for struct, names in _probabilities(package).items() for name in names]
    counted = " + ".join(f"list_count({share})" for share in shares)
    least, most = (", ".join(f"list_{end}({share})" for share in shares) for end in ("min", "max"))
    return (
        f"{every} and list_has_all([{', '.join(map(_literal, package.classes))}], prediction) "
        f"and {counted} = {len(shares)} * len(prediction) and least({least}) >= -{_LAST_BITS} "
        f"and greatest({most}) <= {1 + _LAST_BITS}"
    )


def _probabilities(package: Packaged) -> dict[str, dict[str, str]]:
    """Name the lists of probabilities that a line of several classes has."""
    return {"probabilities": dict.fromkeys(package.classes, "DOUBLE")} if package.classes else {}


def _type(field: Field) -> str:
    return _TYPES[field.kind]


def _struct(columns: dict[str, str]) -> str:
    return f"STRUCT({', '.join(f'{quoted(name)} {kind}[]' for name, kind in columns.items())})"


def _path(struct: str, name: str) -> str:
    return f"{struct}.{quoted(name)}"


def _named(kind: str, name: str) -> str:
    """Name a column of the table, as `input.origin`."""
    return quoted(f"{kind}.{name}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
