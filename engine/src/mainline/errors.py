"""Every error a user can meet: what was found, what is allowed, what to do next."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


class MainlineError(Exception):
    """Base of all expected failures; the command line prints it as one line and exits with `status`."""

    status = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes as what it says, since constructors take other arguments than they pass on."""
        return _arrive, (type(self), self.args, vars(self))


class ParamsError(MainlineError):
    """`params.yaml`, or another declared file, does not say something that can be run."""

    def __init__(self, where: str, found: str, allowed: str, file: str = "params.yaml") -> None:
        self.found = found
        # What was found may hold line breaks: a key, a value, a parser's message.
        place = f"{file}: {where}" if where else file
        super().__init__(" ".join(f"{place}: {found}; {_sentence(allowed)}".split()))


class SourceError(MainlineError):
    """The declared source cannot deliver what the window asks for."""


class DataError(MainlineError):
    """A file of the pipeline cannot be written or read."""

    def __init__(self, path: object, found: str, remedy: str) -> None:
        super().__init__(" ".join(f"{path} {found}; {remedy}".split()) + ".")


class OutOfMemoryError(MainlineError):
    """The work asks for more memory than there is."""

    def __init__(self, found: str) -> None:
        said = f" ({' '.join(found.split()).rstrip('.')})" if found else ""
        super().__init__(
            f"out of memory{said}. Declare less data, fewer features or another estimator, "
            "or run it on a machine with more memory."
        )


class WorkerError(MainlineError):
    """Processes that work on partitions end before they have an answer."""


class SchemaError(MainlineError):
    """A batch does not have the declared columns, so nothing after it can be trusted."""

    def __init__(self, table: str, partition: str, problems: Iterable[str]) -> None:
        super().__init__(
            f"{table} {partition}: {'; '.join(problems)}. Correct the source, or declare the change in "
            "src/usecase/schema.py, and run `make repro` again."
        )


class LimitError(MainlineError):
    """A declared limit was passed."""

    def __init__(self, what: str, found: str, limit: str, remedy: str) -> None:
        super().__init__(f"{what} is {found}, the limit is {limit}. {remedy}")


class PolicyError(MainlineError):
    """Something forbidden by policy was about to enter the model."""


class UseCaseError(MainlineError):
    """The use case does not keep the contract in `engine/src/mainline/contract.py`."""


class PackageError(MainlineError):
    """A model package is incomplete, changed, or cannot be loaded."""

    def __init__(self, path: object, found: str) -> None:
        super().__init__(
            f"{path}: {found}. Nothing was loaded. `./mainline restore` puts the package back, `make repro` makes it."
        )


class UnknownError(MainlineError):
    """A name that nothing has."""

    def __init__(self, name: str, what: str, known: Iterable[str]) -> None:
        known = list(known)
        super().__init__(
            f"'{name}' is not a known {what}; {_sentence(nearest(name, known) if known else 'there is none yet')}"
        )


class RequestError(MainlineError):
    """A request does not fit the package's request schema; `detail` says more of what was found."""

    def __init__(self, row: int, field: str, found: str, allowed: str, detail: str = "") -> None:
        self.found, self.allowed, self.detail = found, _sentence(allowed), detail
        self.reason = f"{field}: {found}{detail}; {self.allowed}"
        """The message without the row."""
        super().__init__(f"row {row}: {self.reason}")


def _arrive(kind: type[MainlineError], said: tuple[Any, ...], held: Mapping[str, Any]) -> MainlineError:
    """Return an error that another process raised."""
    error = kind.__new__(kind, *said)
    vars(error).update(held)
    return error


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known word a person most likely meant, or list what is known."""
    known = sorted(known)
    close = get_close_matches(word, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
