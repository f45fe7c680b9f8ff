"""Names of fields that GraphQL takes."""

from types import SimpleNamespace
from typing import Any

import pytest

from mainline.errors import MainlineError
from mainline.serving.answering import names


def model(request: str, response: str, classes: tuple[str, ...] = ()) -> Any:
    """Return a model with a field of each name."""
    fields = [SimpleNamespace(name="first"), SimpleNamespace(name=request)]
    return SimpleNamespace(
        name="flowers", version="v1", reader=SimpleNamespace(fields=fields), response=SimpleNamespace(name=response),
        classes=classes,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["a", "_", "_a9", "Zoo", "class", "x__y"])
def test_name_of_graphql_is_taken(name: str) -> None:
    """Letters, digits and underscores, no digit first."""
    names.check([model(name, name)])


@pytest.mark.parametrize("name", ["", "9a", "__a", "a-b", "a b", "é", "a\n", "٣a", "a.b"])
def test_other_name_is_refused_by_name(name: str) -> None:
    """Of a request or of a response; a response that is a class has members of its own."""
    for refused in (model(name, "y"), model("x", name)):
        with pytest.raises(MainlineError, match="is not a name in GraphQL") as raised:
            names.check([model("x", "y"), refused])
        assert repr(name) in str(raised.value)
    names.check([model("x", name, ("setosa",))])
