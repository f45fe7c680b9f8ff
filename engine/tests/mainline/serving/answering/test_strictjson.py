"""JSON and nothing more."""

import json
from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.serving.answering import strictjson
from mainline.serving.answering.problems import Problem
from mainline.serving.answering.strictjson import DEEPEST, parse


@pytest.fixture(autouse=True, scope="module", params=[strictjson._LARGE, 0], ids=["small", "large"])
def _counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have keys counted as in small bodies, then as in large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strictjson, "_LARGE", request.param)
        yield


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b'{"a": 1e999}', "'1e999' is beyond what a double holds"),
        (b'{"a": -1e999}', "'-1e999' is beyond"),
        (b'{"a": 1, "a": 1}', "the key 'a' stands twice"),
        (b'[{"b": {"a": 1, "a": 2}}]', "the key 'a' stands twice"),
        (b'[{"a": 1}, {"a": 1, "a": 2}]', "the key 'a' stands twice"),
        (b'{"a" :1,"a":1}', "the key 'a' stands twice"),
        (b'{"a"\n: 1, "a": 2}', "the key 'a' stands twice"),
        (b'{"a":1,"\\u0061":1}', "the key 'a' stands twice"),
        (b'{"a":":","a":":"}', "the key 'a' stands twice"),
        (b'{"a":1,"b":{"b":1},"b":2}', "the key 'b' stands twice"),
        (b'{"a":{"b":[{"c":1},{"c":1,"c":2}]}}', "the key 'c' stands twice"),
        (b'{"a":{"b":{"c":{"c":1,"c":2}}}}', "the key 'c' stands twice"),
        (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "byte 7 is not UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "begins with a byte order mark; send UTF-8 without one"),
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
        (b'{"a": 1' + b"0" * 400 + b', "\\u0061b": 1}', "is beyond what a double holds"),
        (b'{"a": "\\ud800"}', "is half a character"),
        (b'{"\\uDFFFa": 1}', "is half a character"),
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


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**30])
def test_number_is_the_same_by_either_parser(number: int) -> None:
    """A letter written as an escape elsewhere in the body changes no number, and what is read can be written again."""
    plain, escaped = parse(b'{"a":%d}' % number), parse(b'{"\\u0061":%d}' % number)
    assert (escaped, type(escaped["a"])) == (plain, type(plain["a"]))
    assert orjson.loads(orjson.dumps(escaped)) == plain


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('{"\\u0061":[', "]}"), ('[{"a":', "}]")])
def test_depth_has_a_limit(opening: str, closing: str) -> None:
    """Lists and objects stand so deep in each other by either parser, and not one deeper."""
    each = len(closing)
    most = DEEPEST // each
    body = opening * most + "1" + closing * most
    assert json.dumps(parse(body.encode())).count(opening[0]) == most
    for times in (most + 1, most + 2, 300, 480):
        with pytest.raises(Problem, match="nested too deeply"):
            parse((opening * times + "1" + closing * times).encode())


@pytest.mark.parametrize("value", ["[" * 299, [[]] * 299, [{"a": []}] * 299, {"a": [[1]] * 299, "b": "é\\"}])
def test_many_brackets_are_not_deep(value: object) -> None:
    """Those beside each other, or in a text, are no levels."""
    assert parse(json.dumps(value).encode()) == value


def test_body_of_graphql_is_read_by_the_fast_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows stand two objects deep, as do tensors of the Open Inference Protocol."""
    monkeypatch.setattr(strictjson, "_DECODER", None)
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    for content in ({"query": "{ p }", "variables": {"rows": rows}}, {"inputs": rows, "id": "7"}, rows, rows[0]):
        assert parse(json.dumps(content).encode()) == content


def test_pair_of_surrogates_is_a_character() -> None:
    """Escapes beyond the basic plane are read as the one character they are."""
    assert parse(b'{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from([(",", ":"), (", ", ": "), (",\n", " :\t")]), st.booleans())
def test_both_parsers_read_the_same(value: object, separators: tuple[str, str], ascii_only: bool) -> None:
    """However a value is written, it comes through as it was, by whichever parser."""
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    assert parse(body) == value == json.loads(body)


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.integers(), min_size=1, max_size=3), st.data())
def test_key_twice_is_always_found(row: dict[str, object], data: st.DataObject) -> None:
    """Whatever keys, values and spaces are around it, a key that stands twice is refused."""
    pairs = list(row.items())
    pairs.insert(data.draw(st.integers(0, len(pairs))), (data.draw(st.sampled_from(list(row))), ":"))
    spaces = st.sampled_from(["", "", " ", "\n", "\t "])
    written = [f"{json.dumps(key)}{data.draw(spaces)}:{data.draw(spaces)}{json.dumps(value)}" for key, value in pairs]
    around = data.draw(st.sampled_from(["%s", "[%s]", '{"q":1,"v":{"r":[%s]}}', '[{"q":%s}]']))
    with pytest.raises(Problem, match="stands twice"):
        parse((around % ("{" + ",".join(written) + "}")).encode())
