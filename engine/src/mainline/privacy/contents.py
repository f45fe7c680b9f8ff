"""What is in a file, whatever it is packed in: plain bytes, members of an archive, and the values that names have.

Also the forms that a text has in files: as it is, or as JSON, tables, pages and arrays write it.
"""

import bz2
import csv
import gzip
import html
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

PARQUET, ZIP, ARRAY = b"PAR1", b"PK\x03\x04", b"\x93NUMPY"
DAMAGED = (pa.ArrowException, OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile,
           zlib.error, lzma.LZMAError)  # fmt: skip
"""What reading raises of a file that only begins like one of a kind, is locked, or has what no reader here knows."""
_PACKED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ\0", lzma.decompress),
    (b"\x28\xb5\x2f\xfd", lambda content: pa.CompressedInputStream(io.BytesIO(content), "zstd").read()),
    (b"\x78", zlib.decompress),
)  # fmt: skip
_LAYERS = 3
"""A file is packed no deeper."""
_ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = ",;\t|"


def plain(content: bytes) -> bytes:
    """Return the content of a file that is packed, and text of another encoding as UTF-8; others as they are."""
    for _ in range(_LAYERS):
        unpack = next((unpack for begin, unpack in _PACKED if content.startswith(begin)), None)
        if unpack is None:
            break
        try:
            content = unpack(content)
        except DAMAGED:
            break
    for begin, encoding in _ENCODINGS:
        if content.startswith(begin):
            return content.decode(encoding, "replace").encode()
    return content


def members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the members of a zipped file by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def forms(texts: Iterable[str], wide: bool = False) -> list[bytes]:
    """Return the bytes of texts as files have them: of JSON, tables, pages and Latin-1; `wide` ones of arrays, too."""
    found = set()
    for text in texts:
        written = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], text.replace('"', '""'),
                   html.escape(text)}  # fmt: skip
        found |= {one.encode("utf-8", "surrogatepass") for one in written} | {text.encode("latin-1", "replace")}
        if wide:
            found |= {text.encode(encoding, "surrogatepass") for encoding in ("utf-16-le", "utf-32-le")}
    return sorted(found)


def named(content: bytes, names: Iterable[str]) -> Iterator[Any]:
    """Yield the values that JSON, lines of JSON, or a table of text give to some names."""
    text = content.decode("utf-8", "replace")
    try:
        yield from _of_json(json.loads(text), names)
        return
    except (ValueError, RecursionError):
        pass
    lines = text.splitlines()
    if lines and lines[0].lstrip().startswith("{"):
        for line in lines:
            try:
                yield from _of_json(json.loads(line), names)
            except (ValueError, RecursionError):
                continue
        return
    for delimiter in (one for one in _DELIMITERS if lines):
        rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        places = [place for place, name in enumerate(next(rows, [])) if name.strip() in names]
        yield from (row[place].strip() for row in rows for place in places if place < len(row))


def _of_json(document: Any, names: Iterable[str]) -> Iterator[Any]:
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            for name, value in one.items():
                if name in names:
                    yield from value if isinstance(value, list) else [value]
                waiting.append(value)
        elif isinstance(one, list):
            waiting.extend(one)
