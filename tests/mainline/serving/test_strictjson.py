"""JSON and nothing more."""

import pytest

from mainline.serving.problems import Problem
from mainline.serving.strictjson import parse


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": NaN}', "NaN is no JSON"),
        (b'{"a": -Infinity}', "-Infinity is no JSON"),
        (b"[Infinity]", "Infinity is no JSON"),
        (b'{"a": 1e999}', "'1e999' is beyond what a double holds"),
        (b'{"a": -1e999}', "'-1e999' is beyond"),
        (b'{"a": 1, "a": 1}', "the key 'a' stands twice"),
        (b'[{"b": {"a": 1, "a": 2}}]', "the key 'a' stands twice"),
        (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "byte 7 is not UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "cannot be read"),
        (b'{"a": 1}'.decode().encode("utf-16"), "not UTF-8"),
        (b"", "Expecting value at line 1, column 1"),
        (b"{'a': 1}", "property name enclosed in double quotes"),
        (b'{"a": 1,}', "cannot be read"),
        (b'{"a": 1} x', "Extra data"),
        (b'{"a": 01}', "cannot be read"),
        (b'{"a": "\n"}', "Invalid control character"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
        (b"\x00", "Expecting value"),
    ],
)
def test_what_is_not_json_is_refused(body: bytes, found: str) -> None:
    """What Python's parser takes beyond RFC 8259, and what it fails on, is a problem with a reason."""
    with pytest.raises(Problem, match=found) as refused:
        parse(body)
    assert (refused.value.kind, refused.value.status) == ("malformed-json", 400)


def test_json_is_parsed() -> None:
    """Every kind of value comes through, numbers to the last bit."""
    text = '{"a": [1, -2.5, 0.1, 1e-320, true, false, null, "\\u00e9 \\" x"], "b": {}}'
    assert parse(text.encode()) == {"a": [1, -2.5, 0.1, 1e-320, True, False, None, 'é " x'], "b": {}}
