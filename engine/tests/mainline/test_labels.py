"""Tasks, classes and labels: what is allowed, and what to declare instead."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline import labels
from mainline.contract import Array, Classes, Field, Task
from mainline.errors import UseCaseError

IRIS = ("setosa", "versicolor", "virginica")
NUMBER = Field("chance", "number", "A chance", 0.5, minimum=0, maximum=1)
SPECIES, RATING = Field("species", "string", "A species", "setosa"), Field("stars", "integer", "A rating", 3)


def text(*values: Any) -> Array:
    """Return labels as a batch of text holds them."""
    return np.array(values, dtype=object)


@pytest.mark.parametrize(
    ("task", "response", "names"),
    [
        ("regression", NUMBER, ()),
        ("classification", NUMBER, ()),
        ("classification", NUMBER, ("No", "Yes")),
        ("classification", NUMBER, (1, 2)),
        ("multiclass", SPECIES, IRIS),
        ("multiclass", RATING, (1, 2, 3, 4, 5)),
    ],
)
def test_a_task_with_its_classes_and_response_passes(task: str, response: Field, names: Classes) -> None:
    """Two classes may be named, three or more are, and the response is what the task predicts."""
    labels.check_task(task, response, names)


@pytest.mark.parametrize(
    ("task", "response", "names", "said"),
    [
        ("ranking", NUMBER, (), r"TASK is 'ranking'; known: classification, multiclass, regression"),
        ("regression", NUMBER, ("No", "Yes"), r'CLASSES is declared, but TASK is "regression"; TASK is "classif'),
        ("classification", NUMBER, IRIS, r'CLASSES has 3 names, and TASK is "classification", which has two; TASK of '),
        ("multiclass", SPECIES, (), r'TASK is "multiclass" and CLASSES is missing; list the three or more values'),
        ("multiclass", SPECIES, ("No", "Yes"), r'CLASSES has 2 names; .* TASK of two is "classification"\.$'),
        (
            "multiclass",
            NUMBER,
            IRIS,
            r"'chance' is a number; .* is a class, one of CLASSES: declare the kind \"string\"",
        ),
        ("multiclass", SPECIES, (1, 2, 3), r"'species' is a string; .*: declare the kind \"integer\"\.$"),
        ("multiclass", SPECIES, ("a", "b", "a"), r"CLASSES is 'a', 'b', 'a'; name each class once, and none ''\.$"),
        ("multiclass", SPECIES, ("a", "", "b"), r"name each class once, and none ''\.$"),
        ("multiclass", SPECIES, ("a", 1, "b"), r"CLASSES is 'a', 1, 'b'; give the label's values, all text or all int"),
        ("classification", NUMBER, (False, True), r"all text or all integers\.$"),
    ],
)
def test_a_declaration_that_contradicts_itself_says_what_to_write(
    task: str, response: Field, names: Classes, said: str
) -> None:
    """One line names task, classes or response, and what goes together."""
    with pytest.raises(UseCaseError, match=rf"^src/usecase/interface\.py: .*{said}"):
        labels.check_task(task, response, names)


@pytest.mark.parametrize("label", [np.array([0.0, 1.0]), np.array([1, 0]), np.array([True, False]), np.zeros(0)])
def test_label_of_a_classification_is_0_or_1(label: Array) -> None:
    """Numbers and truth values of two classes are labels of a classification, and others are refused by value."""
    labels.check_label(label, "classification")
    said = r"^a label is -1, 2.5; for a classification .* must deliver 0 and 1, or .* \"multiclass\"\.$"
    with pytest.raises(UseCaseError, match=said):
        labels.check_label(np.append(label, [2.5, -1]), "classification")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            text("No", "Yes", "No"),
            r'declare TASK = "classification" and CLASSES = \(\'No\', \'Yes\'\).*the second is the',
        ),
        (
            text(*IRIS),
            r'declare TASK = "multiclass" and CLASSES = \(\'setosa\', \'versicolor\', \'virginica\'\) in src',
        ),
        (text(*map(str, range(99))), r"src/usecase/source\.py must deliver numbers\.$"),
    ],
)
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_text_is_told_to_be_declared_as_classes(found: Array, said: str, task: Task) -> None:
    """A label of a few texts names its classes in one line to copy; of many texts it is a label of nothing."""
    labels.check_label(np.array([-7.5, 1e9]), "regression")
    with pytest.raises(
        UseCaseError, match=rf"^a label is text: '.*; if they are classes, {said}" if len(found) < 99 else said
    ):
        labels.check_label(found, task)


def test_a_label_that_no_class_has_is_named() -> None:
    """What CLASSES lacks stops the pipeline, a period that lacks a class does not."""
    labels.check_label(text("setosa", "setosa"), "multiclass", IRIS)
    with pytest.raises(
        UseCaseError, match=r"^a label is 'rose', and CLASSES in .* has 'setosa', .*; add what is a class"
    ):
        labels.check_label(text("setosa", "rose"), "multiclass", IRIS)
    with pytest.raises(UseCaseError, match=r"^a label is 4, and CLASSES in .* has 1, 2, 3; add"):
        labels.check_label(np.array([1.0, 4.0]), "multiclass", (1, 2, 3))


def test_labels_become_the_places_of_their_classes() -> None:
    """The order is that of CLASSES, not of the alphabet; numbers without classes stay, and nothing becomes NaN."""
    assert labels.encode(text("Yes", "No", None), ("Yes", "No")).tolist()[:2] == [0.0, 1.0]
    assert np.isnan(labels.encode(text("Yes", None), ("No", "Yes"))[1])
    assert labels.encode(np.array([2, 1]), (1, 2)).tolist() == [1.0, 0.0]
    assert labels.encode(np.array([-7, 3]), ()).tolist() == [-7.0, 3.0]


def test_a_use_case_without_classes_has_none() -> None:
    """CLASSES is optional."""
    assert labels.classes(SimpleNamespace()) == ()  # type: ignore[arg-type]
    assert labels.classes(SimpleNamespace(CLASSES=["a", "b"])) == ("a", "b")  # type: ignore[arg-type]


@pytest.mark.parametrize(("names", "passes"), [((), False), (("a", "b"), True), ((1, 2), False)])
def test_a_column_of_text_is_a_label_if_classes_are_text(names: Classes, passes: bool) -> None:
    """The schema's type fits the classes; without, one line says where to declare them."""
    kind = SimpleNamespace(type=np.dtype(object))
    if passes:
        labels.check_label_type(kind, "species", names)
        return
    with pytest.raises(UseCaseError, match=r"the label 'species' is declared as .*; .* list them in CLASSES"):
        labels.check_label_type(kind, "species", names)
