"""JSON as RFC 8259 has it, and nothing more: no NaN, no infinity, no key twice, UTF-8 only."""

import codecs
import json
import math
from typing import Any, NoReturn

import numpy as np
import orjson

from mainline.serving.answering.problems import Problem, shown

_TOO_DEEP = "it is nested too deeply; send an object, or a list of flat objects."
_LARGE = 4096
"""From so many bytes on NumPy counts sooner than bytes do."""
DEEPEST = 200
"""Levels of lists and objects inside each other; every protocol here needs five or six.

What is deeper is refused here: to write it into an error would pass Python's limit of calls, and look as if a model
had failed. A body with no more brackets is not looked at: of tensors, there may be a hundred before that takes time.
"""
_NESTED, _OBJECTS = frozenset({dict, list}), frozenset({dict})


class _Refused(ValueError):  # noqa: N818 - never leaves this module
    """A value that the decoder takes and JSON does not have."""


def parse(body: bytes) -> Any:
    """Parse a body.

    A body that is plain enough to see that no key stands twice is parsed by orjson, four times as fast; any other,
    and one that orjson refuses, by the standard library, which also says what is wrong.

    Raises:
        Problem: malformed-json, saying what was found and where.
    """
    if b"\\" not in body:
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            parsed = None
        # Without a backslash every key ends in `":`, spaces aside, and so may a text that begins with a colon: as
        # many of these as there are keys means that none stands twice. Then objects do not stand deep, but lists may.
        if type(parsed) in _NESTED and _ends_of_keys(body) == _keys(parsed):
            return _flat(parsed, body.count(b"["))
    try:
        return _flat(_whole(_DECODER.decode(body.decode()), body), body.count(b"[") + body.count(b"{"))
    except UnicodeDecodeError as error:
        found = f"byte {error.start} is not UTF-8; send UTF-8."
    except _Refused as error:
        found = str(error)
    except json.JSONDecodeError as error:
        found = f"{error.msg} at line {error.lineno}, column {error.colno}."
        if body.startswith(codecs.BOM_UTF8):  # as some editors and shells write it
            found = "it begins with a byte order mark; send UTF-8 without one."
    except RecursionError:
        found = _TOO_DEEP
    except ValueError:  # an integer of more digits than Python converts
        found = "a number has too many digits."
    raise _malformed(found)


def _malformed(found: str) -> Problem:
    return Problem("malformed-json", f"The body cannot be read: {found}")


def _flat(parsed: Any, openings: int) -> Any:
    """Refuse what is nested deeper than `DEEPEST`; with no more brackets that open than that it cannot be.

    Raises:
        Problem: malformed-json.
    """
    if openings > DEEPEST:
        level = [parsed]
        for _ in range(DEEPEST):
            within = (value.values() if type(value) is dict else value for value in level)
            deeper = (values for values in within if not _NESTED.isdisjoint(map(type, values)))  # of tensors, none is
            level = [value for values in deeper for value in values if type(value) in _NESTED]
            if not level:
                return parsed
        raise _malformed(_TOO_DEEP)
    return parsed


def _whole(parsed: Any, body: bytes) -> Any:
    r"""Refuse half of a surrogate pair, such as `\ud800`, which no UTF-8 can say again."""
    if b"\\ud" in body.lower():
        try:
            json.dumps(parsed, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise _Refused(f"{shown(error.object[error.start])} is half a character; send whole ones.") from None
    return parsed


def _ends_of_keys(body: bytes) -> int:
    """Count the quotation marks that a colon follows, spaces between the two aside."""
    if len(body) >= _LARGE:
        letters = np.frombuffer(body, np.uint8)
        before, colons = letters[:-1], letters[1:] == ord(":")
        if not (colons & (before <= ord(" "))).any():
            return int(np.count_nonzero(colons & (before == ord('"'))))
    return body.translate(None, b" \t\n\r").count(b'":')


def _keys(parsed: Any, depth: int = 2) -> int:
    """Count the keys of an object, of objects in it and lists of objects there, or of such a list.

    There are fewer than were written where one stands twice, or where objects stand deeper inside each other.
    """
    if type(parsed) is dict:
        inner = [value for value in parsed.values() if type(value) in _NESTED] if depth else ()
        return len(parsed) + sum(_keys(value, depth - 1) for value in inner)
    if set(map(type, parsed)) == _OBJECTS:
        return sum(map(len, parsed))
    return 0


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


def _integer(text: str) -> int | float:
    """Read an integer as orjson does: beyond 64 bits it is a float."""
    number = int(text)
    return number if -(2**63) <= number < 2**64 else _finite(text)


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not JSON; send a finite number, or null where a field is optional.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer
)
