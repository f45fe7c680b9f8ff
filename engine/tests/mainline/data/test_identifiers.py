"""What identifies a person is found by its form, in columns of all types, and numbers of orders are left in peace."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline import processes
from mainline.data import identifiers
from mainline.data.identifiers import KINDS

KNOWN = {
    "mail addresses": ["ada@example.org", "please ask ada.l+x@mail.example.co.uk, thanks"],
    "phone numbers": ["+49 30 901820", "(212) 555-0199", "212-555-0199", "030 9018-2000", "0049 30 901820"],
    "card numbers": ["4111 1111 1111 1111", "5500000000000004", "378282246310005"],
    "IBANs": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"],
    "IP addresses": ["192.168.0.1", "2001:db8::1"],
    "numbers of the NHS": ["943 476 5919", "9434765919"],
    "numbers of a CPF": ["529.982.247-25", "52998224725"],
    "numbers of a PESEL": ["44051401359"],
    "numbers of a DNI": ["12345678Z", "X1234567L"],
    "numbers of a NIR": ["2 55 08 14 168 025 38"],
    "numbers of a phone (IMEI)": ["490154203237518", "35-209900-176148-1"],
    "US social security numbers": ["123-45-6789"],
}
"""Published examples of each kind."""
OTHERS = [
    "2013-09-01", "01/02/2013", "2013-09-01T10:00:00Z", "10:20:30", "1.2.3", "S0475", "N14228", "12.5", "20130901",
    "2013-09-01 10:00", "4111 1111 1111 1112", "DE88 3704 0044 0532 0130 00", "529.982.247-26", "12345678A",
    "2 55 08 14 168 025 39", "256.1.1.1", "a@b", "000-45-6789",
    "1.2.3.4", "10.0.2.15", "4.18.0.205", "a::b", "fade::1", "RF18539007547034", "0306406152",
    "40483304800022", "9780306406157", "4006381333931", "1577836800000", "+48.137154", "icon@2x.png",
    "git@github.com:ada/lovelace.git",
]  # fmt: skip


def found(values: Any, left_out: tuple[str, ...] = ()) -> dict[str, float]:
    """Return what is found in one column of 100 rows or more."""
    rows = pd.DataFrame({"it": values})
    total: dict[Any, Any] = {}
    identifiers.add(total, identifiers.count(rows, left_out))
    return identifiers.conclude(total, min(identifiers.ROWS, len(rows))).get("it", {})


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in KNOWN.items() for text in texts])
def test_published_examples_are_found(kind: str, text: str) -> None:
    """A column of which a third is an example of a kind is said to hold it, with that share."""
    assert found([text, "none", ""] * 40)[kind] == pytest.approx(1 / 3)


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_alike_is_not(text: str) -> None:
    """Dates, times, versions, codes, and numbers whose checksum is wrong or of another kind are nothing.

    Among the others are ISBNs (their checksum is that of the NHS), a SIRET (that of cards), an EAN and a creditor's
    reference (that of IBANs).
    """
    assert found([text] * 100) == {}


def test_each_kind_has_an_example() -> None:
    """No kind is looked for that no test has seen."""
    assert {kind.name for kind in KINDS} == KNOWN.keys()


@pytest.mark.parametrize("made", [int, float, str, "{:018d}".format], ids=["integer", "number", "text", "padded"])
@pytest.mark.parametrize("digits", range(6, 16))
def test_numbers_of_orders_are_nobodys(made: Callable[[int], Any], digits: int) -> None:
    """Random and consecutive numbers of any length, of any type, have no form by more than chance."""
    random = np.random.default_rng(digits)
    for start in random.integers(10 ** (digits - 1), 9 * 10 ** (digits - 1), 5).tolist():
        assert found([made(number) for number in range(start, start + 2000)]) == {}
    for _ in range(5):
        assert found([made(n) for n in random.integers(10 ** (digits - 1), 10**digits, 2000).tolist()]) == {}


def test_numbers_are_read_from_columns_of_numbers_with_gaps() -> None:
    """A column of whole numbers that pandas made float since one is missing is read as these numbers."""
    assert found([4111111111111111.0] * 99 + [np.nan]) == {"card numbers": pytest.approx(0.99)}


def test_declared_columns_are_not_looked_at() -> None:
    """What is declared to be personal is known already."""
    assert found(["ada@example.org"] * 100, ("it",)) == {}


def test_batches_add_up_and_are_looked_at_evenly() -> None:
    """Of a long batch a sample is looked at; what two batches hold is one share of both."""
    total: identifiers.Counts = {}
    for text in ("ada@example.org", "none"):
        identifiers.add(total, identifiers.count(pd.DataFrame({"it": [text] * 9000}), ()))
    assert identifiers.conclude(total, 2 * identifiers.ROWS) == {"it": {"mail addresses": 0.5}}


def test_long_texts_are_looked_at_in_passing() -> None:
    """A picture or a document in a cell takes no time that grows faster than it does."""
    code = "from mainline.data import identifiers; print(identifiers._count({'a1234b' * 500_000: 1}, 1))"
    assert processes.run([sys.executable, "-c", code], 120, text=True).stdout == "{}\n"
