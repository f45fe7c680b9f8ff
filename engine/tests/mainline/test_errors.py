"""Errors: their wording, and the suggestion they carry."""

import importlib
import pickle
import pkgutil

import pytest

import mainline
from mainline import errors
from mainline.errors import LimitError, MainlineError, PackageError, ParamsError, RequestError, SchemaError, nearest


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ParamsError("seed", "is missing", "add it"), "params.yaml: seed: is missing; add it."),
        (
            SchemaError("flights", "2013-01", ["a is missing", "b is unexpected"]),
            """flights 2013-01: a is missing; b is unexpected. Correct the source, or declare the change in \
src/usecase/schema.py, and run `make repro` again.""",
        ),
        (LimitError("The share", "2 %", "1 %", "Look."), "The share is 2 %, the limit is 1 %. Look."),
        (
            PackageError("models/package", "model.onnx was changed"),
            """models/package: model.onnx was changed. Nothing was loaded. `./mainline restore` puts the package back, \
`make repro` makes it.""",
        ),
        (RequestError(3, "dest", "is missing", "send a string"), "row 3: dest: is missing; send a string."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_error_says_what_was_found_what_is_allowed_and_what_to_do(error: MainlineError, said: str) -> None:
    """Each error words its own line."""
    assert str(error) == said


def _all(base: type[MainlineError]) -> list[type[MainlineError]]:
    """List a class and all that come from it, as far as they are imported."""
    return [base, *(found for kind in base.__subclasses__() for found in _all(kind))]


def _sent(error: MainlineError) -> MainlineError:
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - of this test


def test_every_error_travels_between_processes() -> None:
    """Whatever its constructor takes, an error arrives as what it says, with its notes and what it holds."""
    for found in pkgutil.walk_packages(mainline.__path__, "mainline."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    kinds = _all(MainlineError)
    assert {LimitError, RequestError} < {*kinds}
    for kind in kinds:
        error = kind.__new__(kind, "what it says")
        vars(error)["held"] = 7
        error.add_note("first in row 5")
        arrived = _sent(error)
        assert (type(arrived), str(arrived), vars(arrived)) == (kind, str(error), vars(error))


@pytest.mark.parametrize(
    "error",
    [
        ParamsError("seed", "is missing", "add it"),
        SchemaError("flights", "2013-01", ["a is missing", "b is unexpected"]),
        LimitError("The share", "2 %", "1 %", "Look."),
        RequestError(3, "dest", "is missing", "send a string"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_was_raised_arrives_with_its_words(error: MainlineError) -> None:
    """Those whose constructors word a sentence keep it."""
    assert str(_sent(error)) == str(error)


def test_every_error_is_an_expected_failure() -> None:
    """Whatever this module raises, the command line prints as one line."""
    raised = [found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, Exception)]
    assert len(raised) > 1
    assert all(issubclass(found, MainlineError) for found in raised)


def test_nearest_names_the_likely_word() -> None:
    """A misspelt word is answered with the known word closest to it."""
    assert nearest("lerning_rate", ["max_iter", "learning_rate"]) == "did you mean 'learning_rate'?"


def test_nearest_lists_what_is_known_when_nothing_is_close() -> None:
    """A word like no other is answered with all known ones, in order."""
    assert nearest("colour", ["max_iter", "alpha"]) == "known: alpha, max_iter"
