"""A model type of the user's own, `usecase.FILE.CLASS`: what its file says of it, without running the file."""

import ast
from pathlib import Path

from mainline.declared.estimator_parts import Part, no_parameters
from mainline.errors import ParamsError, nearest

PACKAGE = "usecase"
FOLDER = Path("src/usecase")


def is_own(path: str) -> bool:
    """Say whether an import path is of the use case, and not of a library."""
    return path.partition(".")[0] == PACKAGE


def file(path: str) -> Path | None:
    """Return the file of an own model by its import path, from the root of the repository; None for a library's."""
    return FOLDER / f"{path.split('.')[1]}.py" if is_own(path) and path.count(".") else None


def check(part: Part) -> None:
    """Refuse an own model, such as `usecase.models.Bounded`, that is not there or has no such hyperparameter.

    Raises:
        ParamsError: naming what was meant.
        SyntaxError: when its file is not Python.
    """
    path, kind = part.type, f"{part.place}.type"
    if part.place != "model":
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
    unknown = [given for given in part.params if known is not None and given.partition("__")[0] not in known]
    if unknown:
        raise no_parameters(part, unknown, known or [])


def _parameters(class_: ast.ClassDef) -> list[str] | None:
    """Return the parameters of a class's own constructor; None if it has none, and inherits one perhaps."""
    for node in class_.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            return [argument.arg for argument in arguments][1:]
    return None
