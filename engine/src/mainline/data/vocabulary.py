"""Columns by name, for code of the use case: a name that is not among them is refused with the nearest one."""

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import TypeVar

from mainline import faults
from mainline.contract import Columns
from mainline.errors import UseCaseError, nearest

Value = TypeVar("Value")


class UnknownNameError(UseCaseError, KeyError):
    """A name that a mapping lacks; a KeyError as well, so that code which expects one goes on."""

    __str__ = Exception.__str__


class Vocabulary(dict[str, Value]):
    """A mapping whose refusal of a name says where it was asked for, and what it may have been meant for."""

    def __init__(self, known: Mapping[str, Value], what: str, banned: Mapping[str, str]) -> None:
        """Take the values by name; `what` says what a name is, `banned` why some may never be read."""
        super().__init__(known)
        self._what, self._banned = what, banned

    def __missing__(self, name: str) -> Value:
        """Refuse a name.

        Raises:
            UnknownNameError: always.
        """
        asking = sys._getframe(1)
        place = faults.place(asking.f_code.co_filename, asking.f_lineno)
        found = f"{place}: '{name}'" if place else f"'{name}'"
        if name in self._banned:
            raise UnknownNameError(
                f"{found} may not be read, since {self._banned[name]}. Leave it out; the list is BANNED in "
                "src/usecase/interface.py."
            )
        near = nearest(name, self)
        raise UnknownNameError(f"{found} is not {self._what}; {near}{'' if near.endswith('?') else '.'}")


def request(columns: Columns, interface: ModuleType) -> Columns:
    """Return the columns of n requests; what may never be a feature is refused with the reason."""
    banned = {interface.LABEL: "it is the label"} | dict(interface.BANNED)
    return Vocabulary(columns, "a field of the request", banned)


def tables(looked_up: Mapping[str, Columns]) -> Mapping[str, Columns]:
    """Return what feature tables answered to n requests."""
    known = {name: Vocabulary(columns, f"a column of table {name}", {}) for name, columns in looked_up.items()}
    return Vocabulary(known, "a feature table", {})
