"""Estimators that are made of others: hyperparameters whose values are `{type: ..., params: ...}`."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from mainline.errors import ParamsError, nearest

_DEEPEST = 20
"""Values within values in `model.params`; YAML can write one that holds itself."""
_EXAMPLE = "sklearn.linear_model.Ridge"


class Part(NamedTuple):
    """An estimator with its hyperparameters, and where in `params.yaml` it is declared, such as `model`."""

    place: str
    type: str
    params: Mapping[str, Any]


def parts(path: str, hyperparameters: Mapping[str, Any], place: str = "model", depth: int = 0) -> Iterator[Part]:
    """Yield an estimator, and those that it is made of: hyperparameters whose values are `{type: ..., params: ...}`.

    Raises:
        ParamsError: when one has another key than these two, or parameters that are no names with values.
    """
    yield Part(place, path, hyperparameters)
    for name, value in hyperparameters.items():
        yield from _inside(value, f"{place}.params.{name}", depth + 1)


def _inside(value: Any, place: str, depth: int) -> Iterator[Part]:
    if depth > _DEEPEST:
        raise ParamsError(
            place.partition("[")[0], f"is nested more than {_DEEPEST} deep, or holds itself", "write it out, less deep"
        )
    if is_part(value):
        given = value.get("params") or {}
        for key in value.keys() - {"type", "params"}:
            raise ParamsError(f"{place}.{key}", "is not a key of an estimator", nearest(str(key), ("type", "params")))
        if not isinstance(given, dict):
            raise ParamsError(f"{place}.params", f"is {given}", "write hyperparameters by name")
        yield from parts(value["type"], given, place, depth)
    elif isinstance(value, dict):
        _check_mapping(value, place)
    elif is_named(value):
        yield from _inside(value[1], f"{place}.{value[0]}", depth + 1)
    elif isinstance(value, list):
        _check_names(value, place)
        for number, item in enumerate(value):
            yield from _inside(item, place if is_named(item) else f"{place}[{number}]", depth + 1)


def _check_mapping(value: Mapping[Any, Any], place: str) -> None:
    """Refuse a value that is meant as an estimator, or as several by their names, and is not written as one."""
    if "type" in value and value.keys() <= {"type", "params"}:
        raise ParamsError(f"{place}.type", f"is {value['type']}", f"write an import path, such as {_EXAMPLE}")
    if any(map(is_part, value.values())):
        name = next(name for name, part in value.items() if is_part(part))
        raise ParamsError(place, f"has an estimator under '{name}'", f"write a list: [[{name}, {{type: ...}}], ...]")


def _check_names(items: Sequence[Any], place: str) -> None:
    """Refuse a list of estimators that one cannot tell apart by their names."""
    pairs = [item for item in items if isinstance(item, list) and len(item) == 2 and is_part(item[1])]
    names = [name for name, _ in pairs]
    for name in names:
        if not isinstance(name, str) or "__" in name or not name:
            raise ParamsError(place, f"has an estimator named {name!r}", "name it by a text without '__', such as 'a'")
        if names.count(name) > 1:
            raise ParamsError(place, f"has two estimators named '{name}'", "give each its own name")


def no_parameters(part: Part, unknown: Sequence[str], known: Collection[str]) -> ParamsError:
    """Return the error for hyperparameters that an estimator does not have: a wrong name, or those of another one."""
    if len(unknown) == 1 or all(get_close_matches(name, known) for name in unknown):
        found = f"is not a parameter of {part.type}"
        return ParamsError(f"{part.place}.params.{unknown[0]}", found, nearest(unknown[0], known))
    found = f"{', '.join(unknown[:-1])} and {unknown[-1]} are not parameters of {part.type}"
    remedy = f"write {part.place}.params: {{}} for its defaults, or name its own: {', '.join(sorted(known))}"
    return ParamsError(f"{part.place}.params", found, remedy)


def is_part(value: object) -> bool:
    """Say whether a hyperparameter's value declares an estimator."""
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def is_named(value: object) -> bool:
    """Say whether a value is an estimator with its name, as ensembles and pipelines list them."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and is_part(value[1])


def is_of_part(name: str, known: Collection[str], hyperparameters: Mapping[str, Any]) -> bool:
    """Say whether a name is of a part's hyperparameter, such as `final_estimator__alpha` or `line__alpha`.

    Args:
        name: as scikit-learn has it.
        known: hyperparameters of the whole.
        hyperparameters: those that are declared, with the parts that have names of their own.
    """
    head, separator, _ = name.partition("__")
    lists = (value for value in hyperparameters.values() if isinstance(value, list))
    named = {item[0] for value in lists for item in value if is_named(item)}
    return bool(separator) and (head in known or head in named)
