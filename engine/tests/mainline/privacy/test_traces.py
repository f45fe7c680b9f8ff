"""A planted key is found in every kind of file that the pipeline and its logs write, and in no other row's value."""

import io
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mainline.contract import Field
from mainline.data.pseudonyms import Pseudonyms
from mainline.privacy.traces import Sought

BY = Pseudonyms(b"k" * 64)
NAME, NUMBER = Field("name", "string", "Who", "Ada"), Field("customer", "integer", "Which", 4711)
TEXT = Sought("name", ("N0PLNT",), NAME, (BY,))
WHOLE = Sought("customer", ("17",), NUMBER, (BY,))


def parquet(**columns: object) -> bytes:
    """Write a table."""
    file = io.BytesIO()
    pd.DataFrame(columns).to_parquet(file)
    return file.getvalue()


def arrays(**columns: object) -> bytes:
    """Write arrays as a package keeps its tables."""
    file = io.BytesIO()
    np.savez_compressed(file, **columns)  # type: ignore[arg-type]
    return file.getvalue()


HOLDS: dict[str, Callable[[str], bytes]] = {
    "a column of text": lambda text: parquet(tail=[text, "x"]),
    "a category": lambda text: parquet(tail=pd.Categorical(["x", text])),
    "an array": lambda text: arrays(key=np.array(["x", text])),
    "a line of JSON": lambda text: json.dumps({"inputs": {"name": [text]}}).encode() + b"\n{}\n",
    "a table of text": lambda text: f"name,value\n{text},1\n".encode(),
    "prose": lambda text: f"The worst is {text}.".encode(),
    "a model": lambda text: b"\x08\x07onnx\x00\x0a" + text.encode() + b"\x12\x00",
}


@pytest.mark.parametrize("kind", HOLDS)
def test_text_is_found(kind: str) -> None:
    """The key itself, and its hash in a log, are found; another one is not."""
    assert TEXT.in_file(HOLDS[kind]("N0PLNT"))
    assert TEXT.in_file(HOLDS[kind](BY.text("name", "N0PLNT")))
    assert not TEXT.in_file(HOLDS[kind]("N1PLNT"))


def test_longer_text_is_another_one() -> None:
    """In texts and tables a key is a whole word or a whole cell."""
    assert not TEXT.in_file(b"The worst is N0PLNTX.")
    assert not TEXT.in_file(parquet(tail=["N0PLNTX"]))


@pytest.mark.parametrize(
    ("content", "holds"),
    [
        (parquet(customer=[16, 17]), True), (parquet(customer=[17.0, np.nan]), True), (parquet(value=[17]), False),
        (parquet(**{"input.customer": BY.logged(NUMBER, [17])}), True), (arrays(key=np.array([17])), True),
        (arrays(value=np.array([17])), False), (b'{"inputs": {"customer": [17], "age": [3]}}\n', True),
        (b'{"inputs": {"customer": [18], "age": [17]}}\n', False), (b"customer,age\n17,3\n", True),
        (b"customer,age\n18,17\n", False), (b"17 rows of 17", False),
    ],
)  # fmt: skip
def test_number_is_found_where_it_is_a_key(content: bytes, holds: bool) -> None:
    """Any number could be a key, so it is one in columns of its name only, of any type."""
    assert WHOLE.in_file(content) == holds


@pytest.mark.parametrize("key", ["Müller", 'O"Neil', "back\\slash"])
def test_text_is_found_as_a_format_writes_it(key: str) -> None:
    """JSON escapes quotes and letters beyond ASCII, and a table doubles quotes; it is the same key."""
    sought = Sought("name", (key,), NAME)
    for content in (json.dumps({"worst": [key]}), json.dumps([key], ensure_ascii=False), json.dumps({"name": key})):
        assert sought.in_file(content.encode())
    cell = key.replace('"', '""')
    assert sought.in_file(f'who,value\n"{cell}",1\n'.encode())
    assert not sought.in_file(json.dumps({"name": "other"}).encode())
