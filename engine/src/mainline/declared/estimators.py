"""Which estimators there are, and which hyperparameters they take, read from scikit-learn's files in milliseconds.

scikit-learn itself takes seconds to load on a busy machine. What its files leave open (a name that is made when it is
loaded, a constructor that is inherited) is not refused here; the estimator itself is asked before it is fitted.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mainline.declared import own_model
from mainline.declared.estimator_parts import Part, is_of_part, no_parameters, parts
from mainline.errors import ParamsError, nearest

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "catboost": ("CatBoostRegressor", "CatBoostClassifier"),
    "lightgbm": ("LGBMRegressor", "LGBMClassifier"),
    "xgboost": ("XGBRegressor", "XGBClassifier"),
}
"""Libraries that a fork asks for by `requirements/own.in`, with their estimators that can be declared."""
ALLOWED = ("sklearn", *EXTRAS)
"""Which libraries an estimator may come from, beside the use case: code that the lock file pins."""
LOCK = Path("requirements/pipeline.txt")
_MOST_HOPS = 5
"""Imports that a name is followed through."""


def check(path: str, hyperparameters: Mapping[str, Any]) -> None:
    """Refuse an estimator that is not there, a hyperparameter that it does not have, and the same of its parts.

    Args:
        path: an import path, such as `sklearn.linear_model.Ridge` or `xgboost.XGBRegressor`.
        hyperparameters: by name; of their values only those are looked at that declare an estimator.

    Raises:
        ParamsError: naming what was meant.
    """
    for part in parts(path, hyperparameters):
        _check(part)


def _check(part: Part) -> None:
    path, kind = part.type, f"{part.place}.type"
    if own_model.is_own(path):
        _check_threads(part)
        own_model.check(part)
        return
    library, _, name = path.partition(".")
    if library not in ALLOWED or path.count(".") < (1 if library in EXTRAS else 2):
        raise ParamsError(
            kind,
            f"'{path}' is outside the allowed packages",
            f"give an estimator's import path in {', '.join(ALLOWED)}, such as sklearn.linear_model.Ridge, or "
            f"{own_model.PACKAGE}.FILE.CLASS of a file in {own_model.FOLDER}",
        )
    if library in EXTRAS:
        if part.place != "model":
            remedy = "declare it as model.type, or take sklearn.ensemble.HistGradientBoosting* as a part"
            raise ParamsError(kind, f"{library} writes only a whole model, and no part of one, as ONNX", remedy)
        _check_extra(library, name)
        return
    _check_threads(part)
    root = _root(path)
    if root is None:
        return  # an image that only serves has no scikit-learn
    module_name, _, name = path.rpartition(".")
    module = _file(root, module_name)
    if module is None:
        raise no_module(module_name, kind)
    text = module.read_text(encoding="utf-8") if module.suffix == ".py" else name
    if not re.search(rf"\b{re.escape(name)}\b", text):
        raise no_estimator(module_name, name, [found for found in _offered(text) if found[0].isupper()], kind)
    known = _parameters(root, module, name)
    unknown = [given for given in part.params if given not in known and not is_of_part(given, known, part.params)]
    if known and unknown:
        raise no_parameters(part, unknown, known)


def _check_threads(part: Part) -> None:
    for name, threads in part.params.items():
        if name.rpartition("__")[2] == "n_jobs" and threads not in (None, 1):
            raise ParamsError(
                f"{part.place}.params.{name}",
                f"is {threads}, and threads add numbers in another order each time, so predictions would not repeat",
                "leave it out: a model is fitted and predicts on one thread",
            )


def _check_extra(library: str, name: str) -> None:
    if name not in EXTRAS[library]:
        raise no_estimator(library, name, list(EXTRAS[library]))
    locked = LOCK.read_text(encoding="utf-8") if LOCK.is_file() else None
    if locked is not None and not re.search(rf"^{library}(-cpu)?==", locked, re.MULTILINE):
        raise ParamsError(
            "model.type",
            f"{library} is an extra, which {LOCK} does not lock",
            f"write `-r extras/{library}.in` into requirements/own.in, then `engine/run main requirements/lock.sh`",
        )


def no_library(name: str, said: str) -> ParamsError:
    """Return the error for a library that is installed and cannot be loaded."""
    remedy = "install what it names, such as libgomp1 on Debian, or libomp on macOS"
    return ParamsError("model.type", f"{name} cannot be loaded ({said.splitlines()[0]})", remedy)


def no_module(name: str, place: str = "model.type") -> ParamsError:
    """Return the error for a module that is not there."""
    root = _root(name)
    known = [f"{root.name}.{file.parent.name}" for file in root.glob("[a-z]*/__init__.py")] if root else []
    return ParamsError(place, f"there is no module {name}", nearest(name, known))


def no_estimator(module: str, name: str, offered: list[str], place: str = "model.type") -> ParamsError:
    """Return the error for an estimator that a module does not offer."""
    return ParamsError(place, f"{module} has no estimator '{name}'", nearest(name, offered))


def _root(path: str) -> Path | None:
    """Return the folder of the package that a path begins with; None if it is not installed."""
    spec = find_spec(path.partition(".")[0])
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _file(root: Path, module: str) -> Path | None:
    """Return the file of a module below scikit-learn's folder; None without one."""
    place = root.joinpath(*module.split(".")[1:])
    found = [place / "__init__.py", place.with_name(f"{place.name}.py"), *place.parent.glob(f"{place.name}.*.so")]
    return next((file for file in found if file.is_file()), None)


def _offered(text: str) -> list[str]:
    """Return what a module lists in `__all__`."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and any(getattr(each, "id", "") == "__all__" for each in node.targets):
            return [str(each.value) for each in getattr(node.value, "elts", []) if isinstance(each, ast.Constant)]
    return []


def _parameters(root: Path, module: Path, name: str) -> list[str]:
    """Return the parameters of a class's own constructor; none if they are not written there."""
    text = _class(root, module, name)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__" and node.args.kwarg is None:
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            return [argument.arg for argument in arguments if argument.arg != "self"]
    return []


def _class(root: Path, module: Path, name: str) -> str:
    """Return the source of a class, followed to where it is defined; '' if it is not found."""
    for _ in range(_MOST_HOPS):
        if module.suffix != ".py":
            return ""
        text = module.read_text(encoding="utf-8")
        found = re.search(rf"^class {re.escape(name)}\b.*?(?=^[A-Za-z_@]|\Z)", text, re.MULTILINE | re.DOTALL)
        if found:
            return found[0]
        origin = next(_origins(module, root, text, name), None)
        if origin is None:
            return ""
        module = origin
    return ""


def _origins(module: Path, root: Path, text: str, name: str) -> Iterator[Path]:
    """Yield the file that a module imports a name from."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            parts = (node.module or "").split(".")
            base = root.parent if node.level == 0 else module.parents[node.level - 1]
            relative = base.joinpath(*parts).relative_to(root.parent)
            found = _file(root, ".".join(relative.parts))
            if found is not None:
                yield found
