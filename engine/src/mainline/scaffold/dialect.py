"""How a text file is written: its encoding, what separates its cells, and how its numbers look."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mainline.errors import MainlineError
from mainline.scaffold import signs

SAMPLE = 500
"""Lines from which the separator and the look of numbers are told."""
_BLOCK = 1 << 20
_SEPARATORS = (",", ";", "\t", "|")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PACKED = ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "a ZIP archive or a workbook of Excel"), (b"%PDF", "PDF"))
_GROUPED = {".": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"), ",": re.compile(r"[+-]?\d{1,3}([.' ]\d{3})+(,\d+)?")}
_COMMA = re.compile(r"[+-]?\d+,\d+")
_POINT = re.compile(r"[+-]?\d+\.\d+")


class TableError(MainlineError):
    """A table cannot be read, or cannot be a use case; nothing was changed."""


@dataclass(frozen=True)
class Dialect:
    """What `pandas.read_csv` must be told; `thousands` is '' where numbers are not grouped."""

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether any reader of CSV reads it as it stands."""
        return self in (Dialect(), Dialect("utf-8-sig"))

    def unlocalised(self, number: str) -> str:
        """Write a number's text as Python reads it."""
        number = number.replace(self.thousands, "") if self.thousands else number
        return number.replace(",", ".") if self.decimal == "," else number

    def describe(self) -> str:
        """Name what is not as in a plain CSV file."""
        name = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}.get(self.delimiter, self.delimiter)
        parts = [self.encoding, f"{name} between cells"]
        parts += ["decimal comma"] if self.decimal == "," else []
        parts += [f"'{self.thousands}' between thousands"] if self.thousands else []
        return ", ".join(parts)


def of_file(path: Path, encoding: str = "", delimiter: str = "", decimal: str = "") -> Dialect:
    """Tell the dialect of a file; what is given is taken as it is.

    Raises:
        TableError: when the file is not text, has no header, or has lines of different lengths.
    """
    encoding = encoding or encoding_of(path)
    delimiter = "\t" if delimiter == "\\t" else delimiter  # as it comes from a shell
    if delimiter and (len(delimiter) > 1 or delimiter in '\r\n"'):
        raise TableError(f"--delimiter {delimiter!r} is not one character that can stand between cells, such as ';'.")
    try:
        with path.open(encoding=encoding, newline="") as file:
            lines = list(islice(file, SAMPLE))
    except (UnicodeError, LookupError) as error:
        raise TableError(f"{path} is not {encoding!r} ({error}); name its encoding: --encoding cp1252.") from error
    if not any(line.strip() for line in lines):
        raise TableError(f"{path} is empty; its first line names the columns.")
    try:
        delimiter = delimiter or _delimiter(lines, path)
        cells = [signs.bare(cell) for row in list(csv.reader(lines, delimiter=delimiter))[1:] for cell in row]
    except csv.Error as error:
        raise TableError(f"{path} is not a table ({error}); correct it.") from error
    decimal = decimal or _decimal(cells, delimiter)
    return Dialect(encoding, delimiter, decimal, _thousands(cells, decimal))


def encoding_of(path: Path) -> str:
    """Tell the encoding of a whole file: by its mark, by its zero bytes, UTF-8 if it is, or else Windows' Latin-1.

    Raises:
        TableError: when the file is not text.
    """
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        for start, what in _PACKED:
            if head.startswith(start):
                raise TableError(f"{path} is {what}, not text; unpack it, or save it as CSV.")
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                return encoding
        if b"\0" in head:
            return _without_mark(head, path)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while head:
                decoder.decode(head)
                head = file.read(_BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def check_widths(path: Path, dialect: Dialect) -> list[str]:
    """Return the names in the header, after a look at every line.

    Raises:
        TableError: naming the first line that has more or fewer cells, or a header that names no columns.
    """
    with path.open(encoding=dialect.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter, strict=True)
        try:
            header = [name or f"Unnamed: {place}" for place, name in enumerate(next(reader))]  # as pandas calls it
            _check_header(header, path)
            for row in reader:
                if row and len(row) != len(header):
                    raise TableError(
                        f"{path}, line {reader.line_num} has {len(row)} cells, the header has {len(header)}; correct "
                        "the line. A cell that holds the separator needs quotes."
                    )
        except (csv.Error, UnicodeDecodeError) as error:
            raise TableError(f"{path} is not a table after line {reader.line_num} ({error}); correct it.") from error
    return header


def line_of(path: Path, dialect: Dialect, name: str, cell: str) -> int:
    """Return the first line of a file that holds a cell in a column; 0 if none does."""
    with path.open(encoding=dialect.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter, strict=True)
        place = next(reader).index(name)
        return next((reader.line_num for row in reader if row and row[place] == cell), 0)


def _without_mark(head: bytes, path: Path) -> str:
    """Tell which half of each character is zero in UTF-16 that does not say so."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 4:
        raise TableError(f"{path} holds zero bytes and is not text; save the table as CSV or Parquet.")
    return "utf-16-le" if odd > even else "utf-16-be"


def _delimiter(lines: Sequence[str], path: Path) -> str:
    """Tell the separator: the one that gives header and lines the same number of cells, and most of them."""
    found = {}
    for candidate in _SEPARATORS:
        widths = [len(row) for row in csv.reader(lines, delimiter=candidate) if row]
        if widths[0] > 1:
            found[candidate] = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
    if found:
        return max(found, key=lambda candidate: found[candidate])
    width, rows = _widest(lines)
    if width > 1:
        raise TableError(
            f"{path}: the first line is not the header: it has one cell, and {rows} lines after it have {width}. "
            "Remove what stands before the names of the columns."
        )
    raise TableError(f"{path} has one column; name what separates its cells, such as --delimiter ' '.")


def _widest(lines: Sequence[str]) -> tuple[int, int]:
    """Return how many cells most lines have by the best of all separators, and how many lines those are."""
    counts = [Counter(len(row) for row in csv.reader(lines, delimiter=each) if row) for each in _SEPARATORS]
    return max(count.most_common(1)[0] for count in counts)


def _decimal(cells: Sequence[str], delimiter: str) -> str:
    """Tell whether a comma or a point begins the fraction; a comma can only if it does not separate the cells."""
    if delimiter == ",":
        return "."
    commas = sum(bool(_COMMA.fullmatch(cell)) for cell in cells)
    grouped = sum(bool(_GROUPED[","].fullmatch(cell)) and "," in cell for cell in cells)
    points = sum(bool(_POINT.fullmatch(cell)) for cell in cells)
    by_thousands = sum(bool(_GROUPED["."].fullmatch(cell)) for cell in cells)
    is_comma = (
        grouped or (commas and commas > by_thousands and not points) or (commas > points and commas > by_thousands)
    )
    return "," if is_comma else "."


def _thousands(cells: Sequence[str], decimal: str) -> str:
    """Tell what groups the digits of large numbers; '' if nothing does.

    Under a decimal comma, `1.234` alone may be either: it is grouped if no cell has another number of digits
    after its point.
    """
    grouped = [cell for cell in cells if _GROUPED[decimal].fullmatch(cell)]
    marks = Counter(mark for cell in grouped for mark in ",.' " if mark != decimal and mark in cell)
    if not marks:
        return ""
    mark = marks.most_common(1)[0][0]
    odd = re.compile(rf"[+-]?\d+{re.escape(mark)}(\d{{1,2}}|\d{{4,}})")
    return "" if any(odd.fullmatch(cell) for cell in cells) else mark


def _check_header(header: Sequence[str], path: Path) -> None:
    """Refuse names that cannot be told apart, and a first line that is data."""
    numbers = [name for name in header if re.fullmatch(r"[+-]?\d+([.,]\d+)?", name.strip())]
    counted = [str(number) for number in range(len(numbers))]
    if len(numbers) * 2 >= len(header) and numbers != counted:
        raise TableError(
            f"{path}: the first line names no columns, it begins with {', '.join(header[:3])}; add a line of names."
        )
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise TableError(f"{path} has the column '{twice}' twice; rename or remove one.")
