"""Which columns hold what identifies a person by its form: addresses, numbers of phones, cards, accounts and states.

A sample of each batch is looked at. What has the form of a kind is a candidate; many numbers have a form by chance, so
most candidates must also hold its checksum. Sources: ISO/IEC 7812-1 (Luhn), ISO 13616 (IBAN), and of national numbers
the rules that their states publish. Names, and what has no form, nobody finds here.
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

ROWS = 2_000
"""Rows of a batch that are looked at, evenly over all of them."""
MOST = 0.5
"""Share of the candidates that must hold their checksum."""
_FEW, _MANY = 3, 20
_SMALLEST = 10**8
"""Smaller numbers have no form of their own."""
_EXACT = 2**53
Counts = dict[str, dict[str, list[int]]]
"""By column and kind: values that hold, candidates, and rows that were looked at."""


@dataclass(frozen=True)
class Kind:
    """A form, the checksum of what has it, and how many values tell it from chance."""

    name: str
    form: re.Pattern[str]
    holds: Callable[[str], bool] = lambda _: True
    least: int = _FEW


def count(rows: "pd.DataFrame", left_out: Collection[str]) -> Counts:
    """Look at a sample of n rows, and count what has a form, by column; columns without any are not there."""
    chosen = rows.iloc[np.unique(np.linspace(0, len(rows) - 1, min(ROWS, len(rows))).astype(int))]
    found: Counts = {}
    for name in (str(name) for name in rows if name not in left_out):
        kinds = _count(_texts(chosen[name]), len(chosen))
        if kinds:
            found[name] = kinds
    return found


def add(total: Counts, more: Counts) -> None:
    """Add the counts of a batch to those before."""
    for column, kinds in more.items():
        for kind, counted in kinds.items():
            before = total.setdefault(column, {}).get(kind, [0, 0, 0])
            total[column][kind] = [one + other for one, other in zip(before, counted, strict=True)]


def conclude(total: Mapping[str, Mapping[str, list[int]]], looked: int) -> dict[str, dict[str, float]]:
    """Return the share of the rows looked at that hold each kind, by column, where it is more than chance."""
    least = {kind.name: kind.least for kind in KINDS}
    found = {
        column: {
            kind: held / looked for kind, (held, formed, _) in kinds.items()
            if held >= least[kind] and held > MOST * formed
        } for column, kinds in total.items()
    }  # fmt: skip
    return {column: kinds for column, kinds in sorted(found.items()) if kinds}


def _texts(values: "pd.Series") -> dict[str, int]:
    """Return the rows of each value that could have a form, written as text."""
    if values.dtype.kind in "iuf":
        known = values.dropna().to_numpy()
        if not len(known) or np.abs(known).max() < _SMALLEST:
            return {}
        whole = known[(known == np.floor(known)) & (np.abs(known) >= _SMALLEST)]
        if values.dtype.kind == "f":
            whole = whole[np.abs(whole) < _EXACT].astype(np.int64)
        return {str(value): rows for value, rows in zip(*_unique(whole), strict=True)}
    if values.dtype.kind in "bmM":
        return {}
    return {value.strip(): rows for value, rows in values.value_counts().items() if isinstance(value, str)}


def _unique(values: "np.ndarray") -> tuple[list[int], list[int]]:
    unique, rows = np.unique(values, return_counts=True)
    return unique.tolist(), rows.tolist()


def _count(texts: Mapping[str, int], looked: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for text, rows in texts.items():
        if not _COULD.search(text):
            continue
        for kind in KINDS:
            if kind.form.search(text):
                counted = found.setdefault(kind.name, [0, 0, looked])
                counted[1] += rows
                counted[0] += rows * kind.holds(text)
    return {kind: counted for kind, counted in found.items() if counted[0]}


def _digits(text: str) -> list[int]:
    return [int(letter) for letter in text if letter.isdigit()]


def _luhn(text: str) -> bool:
    digits = _digits(text)[::-1]
    return sum(digits[::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10


def _iban(text: str) -> bool:
    plain = text.replace(" ", "").upper()
    return 15 <= len(plain) <= 34 and int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


def _phone(text: str) -> bool:
    return 8 <= len(_digits(text)) <= 15


def _address(text: str) -> bool:
    """Whether it is an IP address, and more than what versions of programs and names of C++ have by chance."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6:
        return len([group for group in text.split(":") if group]) > 2
    return address.packed[0] >= 10 and max(address.packed) >= 100


def _weighted(text: str, weights: range | tuple[int, ...]) -> int:
    return sum(weight * digit for weight, digit in zip(weights, _digits(text), strict=False))


def _nhs(text: str) -> bool:
    """Whether it holds; an ISBN of ten digits has the same checksum, and mostly another first digit."""
    return text[0] in "4679" and -_weighted(text, range(10, 1, -1)) % 11 == _digits(text)[9]


def _cpf(text: str) -> bool:
    digits = _digits(text)
    sums = (_weighted(text, range(10, 1, -1)), _weighted(text, range(11, 1, -1)))
    return len(set(digits)) > 1 and [10 * one % 11 % 10 for one in sums] == digits[9:]


def _pesel(text: str) -> bool:
    digits = _digits(text)
    is_day = 1 <= digits[4] * 10 + digits[5] <= 31 and 1 <= (digits[2] * 10 + digits[3]) % 20 <= 12
    return is_day and -_weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10 == digits[10]


def _dni(text: str) -> bool:
    plain = text.upper().replace("-", "")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(plain[:-1].translate(str.maketrans("XYZ", "012"))) % 23] == plain[-1]


def _nir(text: str) -> bool:
    plain = re.sub(r"\s", "", text)
    return 97 - int(plain[:13]) % 97 == int(plain[13:])


_COULD = re.compile(r"@|\d.*\d.*\d.*\d|::|[0-9a-f]:[0-9a-f]", re.IGNORECASE)
"""What every form has."""
KINDS = (
    Kind("mail addresses", re.compile(
        r"(?<![\w.+-])(?!git@)[\w.+-]+@(?!\dx\.)[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}")),
    Kind("phone numbers", re.compile(
        r"^(\+(?!\d+\.\d+$)[1-9]|00[1-9]\d{0,2}[ /-]|\(\d{2,5}\)|\d{3}[-. ]\d{3}[-. ]\d{4}$|0\d{2,5}[ /-]\d{3})"
        r"[\d ()/.-]*$"), _phone),
    Kind("card numbers", re.compile(
        r"^[2-6]\d{3}([ -]?\d{4}){3}$|^6\d{3}([ -]?\d{4}){3}[ -]?\d{1,3}$|^3[47]\d{2}[ -]?\d{6}[ -]?\d{5}$"
        r"|^3[0689]\d{2}[ -]?\d{6}[ -]?\d{4}$"), _luhn, _MANY),
    Kind("numbers of a phone (IMEI)", re.compile(r"^(?!3[47])\d{2}-?\d{6}-?\d{6}-?\d$"), _luhn, _MANY),
    Kind("IBANs", re.compile(r"^(?!RF)[A-Za-z]{2}\d{2}( ?[A-Za-z0-9]{2,4}){3,8}$"), _iban),
    Kind("IP addresses", re.compile(r"^\d{1,3}(\.\d{1,3}){3}$|^[0-9a-fA-F:]*:[0-9a-fA-F]*:[0-9a-fA-F:.]+$"), _address),
    Kind("numbers of the NHS", re.compile(r"^\d{3}[ -]?\d{3}[ -]?\d{4}$"), _nhs, _MANY),
    Kind("numbers of a CPF", re.compile(r"^\d{3}\.?\d{3}\.?\d{3}-?\d{2}$"), _cpf, _MANY),
    Kind("numbers of a PESEL", re.compile(r"^\d{11}$"), _pesel, _MANY),
    Kind("numbers of a DNI", re.compile(r"^[XYZ\d]\d{7}-?[A-Z]$"), _dni, _MANY),
    Kind("numbers of a NIR", re.compile(r"^[12]( ?\d{2}){2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}$"), _nir, _MANY),
    Kind("US social security numbers", re.compile(r"^(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$")),
)  # fmt: skip
