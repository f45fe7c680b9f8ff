"""What a use case declares as personal: names that are known, each with a reason, and in no segment of a report."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline import personal
from mainline.errors import UseCaseError
from mainline.stages import validate
from usecase import interface

KNOWN = {"customer", "age", "at"}


def declare(value: Any) -> Any:
    """Return a use case's module that declares this."""
    return SimpleNamespace(PERSONAL=value)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"customer": ""}, r"'customer' has no reason; write why it is needed, or leave the column out of the data\.$"),
        ({"customer": "  "}, "'customer' has no reason"),
        ({"customer": True}, "'customer' has no reason"),
        ({7: "to join"}, r"7 is not the name of a field or of a column; write one as a text, such as '7'\."),
        (("customer",), r"is a tuple; write \{column: why it is needed\}, or \{\} if no column says anything"),
        ({"custmer": "to join"}, r"names 'custmer', which neither REQUEST nor a table has; did you mean 'customer'\?"),
        ({"at": "to join"}, "'at' says when an event is, so it cannot be hidden"),
    ],
)
def test_declaration_that_says_too_little_is_refused_in_one_line(declared: Any, said: str) -> None:
    """A reason that is missing, a name that nobody has, and the time of an event are refused with what to do."""
    with pytest.raises(UseCaseError, match=f"^src/usecase/interface.py: PERSONAL:? ?{said}") as refused:
        personal.check(declare(declared), KNOWN, "at")
    assert "\n" not in str(refused.value)


def test_nothing_personal_is_another_thing_than_nothing_said() -> None:
    """An empty declaration says that nothing is of a person; without one nobody has said anything."""
    assert personal.is_declared(declare({}))
    assert not personal.is_declared(SimpleNamespace())  # type: ignore[arg-type]
    assert personal.columns(declare({})) == personal.columns(SimpleNamespace()) == {}  # type: ignore[arg-type]


def test_pipeline_refuses_what_is_declared_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """`validate` looks at the declaration before it reads any data; a column of a table alone may be named."""
    monkeypatch.setattr(interface, "PERSONAL", {"tailnum": "", "manufacturer": "the age"}, raising=False)
    with pytest.raises(UseCaseError, match="'tailnum' has no reason"):
        validate.check_use_case()
    monkeypatch.setattr(interface, "PERSONAL", {"tailnum": "to join", "manufacturer": "the age"}, raising=False)
    validate.check_use_case()


@pytest.mark.parametrize(("name", "values"), [("who", ["1", "2", "3"]), ("customer", ["a", "b", "b"])])
def test_segments_of_persons_are_refused(name: str, values: list[str]) -> None:
    """Reports name segments, so none may repeat a personal column, under its own name or another."""
    rows = {"customer": np.array([1, 2, 3])}
    with pytest.raises(UseCaseError, match=f"slices: '{name}' repeats 'customer', which is personal"):
        personal.check_segments(declare({"customer": "to join"}), name, np.array(values), rows)
    personal.check_segments(declare({"customer": "to join"}), "size", np.array(["s", "s", "l"]), rows)
