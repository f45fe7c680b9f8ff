"""A planted key is found in every kind of file that the pipeline and its logs write, and in no other row's value."""

import bz2
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mainline.contract import Field
from mainline.data.pseudonyms import Pseudonyms
from mainline.errors import MainlineError
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


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zlib": zlib.compress,
    "zstd": lambda content: pa.compress(content, codec="zstd", asbytes=True),
    "UTF-16": lambda content: content.decode().encode("utf-16"), "BOM": lambda content: b"\xef\xbb\xbf" + content,
}  # fmt: skip


@pytest.mark.parametrize("how", PACKED)
def test_packed_table_is_read(how: str) -> None:
    """A table of text is read however it is packed or encoded: a key in it is found, and another is not."""
    lines = [b"name,customer", *(b"X%d,%d" % (number, number) for number in range(1000, 1900)), b"N0PLNT,17"]
    assert TEXT.in_file(PACKED[how](b"\n".join(lines)))
    assert WHOLE.in_file(PACKED[how](b"\n".join(lines)))
    assert not TEXT.in_file(PACKED[how](b"\n".join(lines[:-1])))
    assert not WHOLE.in_file(PACKED[how](b"\n".join(lines[:-1])))


@pytest.mark.parametrize(
    "column",
    [
        [["x", "N0PLNT"]], [{"name": "N0PLNT"}], [b"N0PLNT"], pd.Categorical(["x"], categories=["x", "N0PLNT"]),
    ],
    ids=["list", "struct", "bytes", "category without rows"],
)  # fmt: skip
def test_column_of_another_type_is_read(column: object) -> None:
    """Lists, structs, bytes, and a category that no row has hold a key as much as text does."""
    assert TEXT.in_file(parquet(tail=column))


def test_arrays_of_all_types_are_read() -> None:
    """Objects, structured arrays, and an array that is a file of its own are looked into."""
    alone = io.BytesIO()
    np.save(alone, np.array(["N0PLNT"]))
    assert TEXT.in_file(alone.getvalue())
    assert TEXT.in_file(arrays(tail=np.array(["N0PLNT", None], dtype=object)))
    assert TEXT.in_file(arrays(tail=np.array([("N0PLNT", 1)], dtype=[("who", "U8"), ("rows", "i4")])))
    assert WHOLE.in_file(arrays(tail=np.array([(17, 1)], dtype=[("customer", "i8"), ("rows", "i4")])))
    assert TEXT.in_file(b"\x80\x04" + np.array(["N0PLNT"]).tobytes())


@pytest.mark.parametrize("begin", [b"PAR1", b"PK\x03\x04", b"\x93NUMPY", b"\x1f\x8b", b"BZh", b"\x78\x9c"])
def test_damaged_file_is_read_by_its_bytes(begin: bytes) -> None:
    """What only begins like a table or an archive stops nothing, and is looked into as it is."""
    assert not TEXT.in_file(begin + b" cut short")
    assert TEXT.in_file(begin + b" N0PLNT")


@pytest.mark.parametrize(
    "table", ["customer;age\n17;3", "customer\tage\n17\t3", "age|customer\n3|17", "age, customer\n3, 17.0"]
)
def test_number_is_found_whatever_parts_the_columns(table: str) -> None:
    """Tables of text with semicolons, tabs, bars and blanks have columns, too."""
    assert WHOLE.in_file(table.encode())
    assert not WHOLE.in_file(table.replace("17", "18").encode())


@pytest.mark.parametrize("key", ["Müller", 'O"Brien', "Čapek & sons", "tab\there", "back\\slash", "名無しの権兵衛"])
def test_text_is_found_however_it_is_escaped(key: str) -> None:
    """JSON of both kinds, quoted cells, and pages write other bytes for the same text."""
    sought = Sought("name", (key,), NAME, (BY,))
    table = pd.DataFrame({"name": [key]}).to_csv(index=False)
    page = f"<td>{key.replace('&', '&amp;').replace(chr(34), '&quot;')}</td>"
    for text in (json.dumps({"a": key}), json.dumps({"a": key}, ensure_ascii=False), table, page):
        assert sought.in_file(text.encode()), text


def test_text_of_latin_1_is_found() -> None:
    """Older tables have one byte for each letter."""
    assert Sought("name", ("Müller",), NAME, (BY,)).in_file("name;age\nMüller;3\n".encode("latin-1"))


def test_short_text_is_one_in_its_own_column_only() -> None:
    """Two letters are in the bytes of every model, so only a column of the name tells whether they are a key."""
    sought = Sought("name", ("UA",), NAME, (BY,))
    assert not sought.in_file(np.random.default_rng(0).bytes(500_000))
    assert not sought.in_file(b"UA is late")
    assert sought.in_file(b"name,age\nUA,3\n")
    assert sought.in_file(parquet(name=["UA"]))
    assert sought.in_file(json.dumps({"inputs": {"name": [BY.text("name", "UA")]}}).encode())


def test_large_number_is_found_by_its_hash() -> None:
    """A whole number that no float holds has the hash that the log has of it."""
    key = 2**53 + 1
    line = json.dumps({"inputs": {"customer": BY.logged(NUMBER, [key])}}).encode()
    assert Sought("customer", (str(key),), NUMBER, (BY,)).in_file(line)
    assert not Sought("customer", (str(key + 2),), NUMBER, (BY,)).in_file(line)


@pytest.mark.parametrize("key", ["17", "17.0"])
@pytest.mark.parametrize("value", ["17", "17.0"])
def test_text_of_a_number_is_that_number(key: str, value: str) -> None:
    """Where numbers are kept as text, a text of the other form is the same key, in data and by its own hash."""
    sought = Sought("name", (key,), NAME, (BY,))
    for file in (parquet(name=[value]), arrays(name=np.array([value])), f"name;age\n{value};3\n".encode()):
        assert sought.in_file(file)
    assert sought.in_file(parquet(name=[BY.text("name", key)]))


def test_key_that_is_no_value_of_the_field_is_refused() -> None:
    """A word in the place of a number would be found nowhere, and that would not be a proof."""
    with pytest.raises(MainlineError, match=r"^forget: 'customer' is a number, and a key that was given is not; write"):
        Sought("customer", ("C17",), NUMBER, (BY,)).in_file(b"")
