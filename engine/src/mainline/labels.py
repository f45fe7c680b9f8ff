"""What a prediction means: the task, its classes, and the labels of rows as the data has them.

Inside, the label of a class is its place in `interface.CLASSES`, counted from 0: of two, 1 is the positive class.
"""

from types import ModuleType
from typing import Any, get_args

import numpy as np

from mainline.contract import Array, Classes, Field, Task
from mainline.errors import UseCaseError, nearest

PLACE = "src/usecase/interface.py"
PROBABILITY = "probability_"
"""What the name of a column begins with that holds the probability of one of several classes."""
BESIDE = ("line", "version", "missing", "stale", "unusual", "error", "type")
"""What an answer of a stream has beside the prediction."""
MOST_SUGGESTED = 50
"""Different texts that may be the names of classes; more are none."""


def classes(interface: ModuleType) -> Classes:
    """Return the classes that a use case declares; () where it declares none."""
    return tuple(getattr(interface, "CLASSES", ()))


def encode(label: Array, names: Classes) -> Array:
    """Return the labels of n rows as float64: numbers as they are, of classes their places; NaN where there is none."""
    if not names:
        return np.asarray(label, np.float64)
    codes = np.full(len(label), np.nan)
    for code, name in enumerate(names):
        codes[label == name] = code
    return codes


def check_task(task: str, response: Field, names: Classes = ()) -> None:
    """Refuse a task that is not known, classes that it does not have, and a response that is not what it predicts.

    Raises:
        UseCaseError: saying what the declaration must be.
    """
    if task not in get_args(Task):
        raise UseCaseError(f"{PLACE}: TASK is {task!r}; {nearest(str(task), get_args(Task))}")
    _check_classes(task, names)
    if response.name in BESIDE:
        raise UseCaseError(
            f"{PLACE}: RESPONSE: '{response.name}' is what an answer of a stream says beside the prediction "
            f"({', '.join(BESIDE)}); give it another name."
        )
    if task == "multiclass":
        _check_class_response(response, names)
        return
    if response.kind != "number" or response.optional:
        found = f"an optional {response.kind}" if response.optional else f"a {response.kind}"
        raise UseCaseError(
            f"{PLACE}: RESPONSE: '{response.name}' is {found}; "
            f"the prediction of a {task} is a number that is never absent."
        )
    if task == "classification" and (response.minimum not in (None, 0) or response.maximum not in (None, 1)):
        raise UseCaseError(
            f"{PLACE}: RESPONSE: '{response.name}' goes from {response.minimum} to {response.maximum}; "
            f"the prediction of a classification is the probability of {names[1] if names else 1}: "
            "declare minimum=0 and maximum=1."
        )


def _check_classes(task: str, names: Classes) -> None:
    kinds = {type(name) for name in names}
    if names and kinds not in ({str}, {int}):
        raise UseCaseError(f"{PLACE}: CLASSES is {_listed(names)}; give the label's values, all text or all integers.")
    if len(set(names)) < len(names) or "" in names:
        raise UseCaseError(f"{PLACE}: CLASSES is {_listed(names)}; name each class once, and none ''.")
    if task == "regression" and names:
        raise UseCaseError(
            f'{PLACE}: CLASSES is declared, but TASK is "regression"; TASK is "classification" for two classes and '
            '"multiclass" for more.'
        )
    if task == "classification" and names and len(names) != 2:
        raise UseCaseError(
            f'{PLACE}: CLASSES has {len(names)} names, and TASK is "classification", which has two; TASK of three or '
            'more is "multiclass".'
        )
    if task == "multiclass" and len(names) < 3:
        found = f"has {len(names)} names" if names else "is missing"
        raise UseCaseError(
            f'{PLACE}: TASK is "multiclass" and CLASSES {found}; list the three or more values of the label, such as '
            'CLASSES = ("setosa", "versicolor", "virginica"). TASK of two is "classification".'
        )


def _check_class_response(response: Field, names: Classes) -> None:
    kind = "string" if isinstance(names[0], str) else "integer"
    if response.kind != kind or response.optional:
        found = f"an optional {response.kind}" if response.optional else f"a {response.kind}"
        raise UseCaseError(
            f"{PLACE}: RESPONSE: '{response.name}' is {found}; the prediction of a multiclass is a class, one of "
            f'CLASSES: declare the kind "{kind}".'
        )


def check_label_type(declared: Any, label: str, names: Classes = ()) -> None:
    """Refuse a label whose column is declared as something else than numbers, or the classes that are declared.

    Args:
        declared: the column's type in the schema, as pandera has it; None where any will do.
        label: its name.
        names: the declared classes.

    Raises:
        UseCaseError: naming the label and its type.
    """
    kind = getattr(getattr(declared, "type", declared), "kind", None)
    if kind is None or (names and isinstance(names[0], str)) or kind in "biuf":
        return
    asked = "CLASSES holds integers" if names else "a label is a number unless CLASSES names its values"
    raise UseCaseError(
        f"src/usecase/schema.py: the label '{label}' is declared as {declared}; {asked}: in {PLACE} list them in "
        'CLASSES, with TASK "classification" for two and "multiclass" for more.'
    )


def check_label(label: Array, task: Task, names: Classes = ()) -> None:
    """Refuse labels that are text without classes, that no class has, or of a classification other than 0 and 1.

    Raises:
        UseCaseError: saying what was found among the n labels, and what to declare.
    """
    found = _values(label)
    if names:
        others = [value for value in found if value not in names]
        if others:
            raise UseCaseError(
                f"a label is {_listed(others[:5])}, and CLASSES in {PLACE} has {_listed(names)}; add what is a class, "
                "and let src/usecase/schema.py quarantine what is none."
            )
        return
    if label.dtype.kind not in "biuf":
        raise UseCaseError(f"a label is text: {_listed(found[:5])}; {_suggested(found)}")
    others = [value for value in found if value not in (0, 1)]
    if task == "classification" and others:
        raise UseCaseError(
            f"a label is {_listed(others[:5])}; for a classification src/usecase/source.py must deliver 0 and 1, or "
            f'{PLACE} names both values in CLASSES. TASK of three or more is "multiclass".'
        )


def _values(label: Array) -> list[Any]:
    """Return the different labels, in order; whole numbers as integers."""
    found = sorted({value for value in label.tolist() if value == value}, key=lambda value: (str(type(value)), value))
    return [int(value) if isinstance(value, float) and value.is_integer() else value for value in found]


def _suggested(found: list[Any]) -> str:
    if len(found) > MOST_SUGGESTED:
        return "src/usecase/source.py must deliver numbers."
    task = "classification" if len(found) == 2 else "multiclass"
    second = "; the second is the positive class" if len(found) == 2 else ""
    return f'if they are classes, declare TASK = "{task}" and CLASSES = ({_listed(found)}) in {PLACE}{second}.'


def _listed(names: Any) -> str:
    return ", ".join(repr(name) for name in names)
