"""A model type of the user's own, `usecase.FILE.CLASS`: what its file says of it, without running the file."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mainline.errors import ParamsError, nearest

PACKAGE = "usecase"
FOLDER = Path("src/usecase")


def is_own(path: str) -> bool:
    """Say whether an import path is of the use case, and not of a library."""
    return path.partition(".")[0] == PACKAGE


def file(path: str) -> Path | None:
    """Return the file of an own model by its import path, from the root of the repository; None for a library's."""
    return FOLDER / f"{path.split('.')[1]}.py" if is_own(path) and path.count(".") else None


def check(path: str, hyperparameters: Mapping[str, Any], place: str) -> None:
    """Refuse an own model that is not there, or that has no such hyperparameter.

    Args:
        path: its import path, such as `usecase.models.Bounded`.
        hyperparameters: by name.
        place: where it is declared: `model`, or the place of a part.

    Raises:
        ParamsError: naming what was meant.
        SyntaxError: when its file is not Python.
    """
    kind = f"{place}.type"
    if place != "model":
        raise ParamsError(kind, f"{path} is a whole model, and no part of one", "declare it as model.type")
    names = path.split(".")
    if len(names) != len(("package", "file", "class")):
        raise ParamsError(kind, f"is {path}", f"write {PACKAGE}.FILE.CLASS, of a file in {FOLDER}")
    if not FOLDER.is_dir():
        return  # an image that only serves has no use case
    source, name = FOLDER / f"{names[1]}.py", names[2]
    if not source.is_file():
        raise ParamsError(kind, f"there is no {source}", nearest(names[1], [each.stem for each in FOLDER.glob("*.py")]))
    body = ast.parse(source.read_bytes(), str(source)).body
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    if name not in classes:
        raise ParamsError(kind, f"{source} defines no class {name}", nearest(name, classes))
    known = _parameters(classes[name])
    for given in hyperparameters:
        if known is not None and given.partition("__")[0] not in known:
            raise ParamsError(f"{place}.params.{given}", f"is not a parameter of {path}", nearest(given, known))


def _parameters(class_: ast.ClassDef) -> list[str] | None:
    """Return the parameters of a class's own constructor; None if it has none, and inherits one perhaps."""
    for node in class_.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            return [argument.arg for argument in arguments][1:]
    return None
