"""JSON as RFC 8259 has it, and nothing more: no NaN, no infinity, no key twice, UTF-8 only."""

import json
import math
from typing import Any, NoReturn

from mainline.serving.problems import Problem, shown


class _Refused(ValueError):  # noqa: N818 - never leaves this module
    """What the decoder met that JSON does not have."""


def parse(body: bytes) -> Any:
    """Parse a body.

    Raises:
        Problem: malformed-json, saying what was found and where.
    """
    try:
        return _DECODER.decode(body.decode())
    except UnicodeDecodeError as error:
        found = f"byte {error.start} is not UTF-8; send UTF-8."
    except _Refused as error:
        found = str(error)
    except json.JSONDecodeError as error:
        found = f"{error.msg} at line {error.lineno}, column {error.colno}."
    except RecursionError:
        found = "it is nested too deeply; send an object, or a list of flat objects."
    except ValueError:  # an integer of more digits than Python converts
        found = "a number has too many digits."
    raise Problem("malformed-json", f"The body cannot be read: {found}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"the key {shown(twice)} stands twice in one object; send each key once.")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _Refused(f"{shown(text)} is beyond what a double holds; send a finite number.")
    return number


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is no JSON; send a finite number, or null where a field is optional.")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
