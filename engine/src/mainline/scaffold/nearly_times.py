"""Texts that nearly are times: most of them in one way of writing, or of a form that has to be named."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import permutations
from shlex import quote

import pandas as pd

from mainline.contract import Array
from mainline.scaffold import moments
from mainline.text import clip, count, few

MOST = 0.8
"""Share of the texts from which they are meant as times."""
FEW_OTHERS = 3
"""Texts among times, such as 00.00.0000, of which each may stand for a missing one."""
_SAMPLE = 200
_SHOWN = 40
_FORM = re.compile(
    r"(?<![\d.-])(\d{1,2}(?P<one>[-./ ])\d{1,2}(?P=one)(\d{2}|\d{4})|\d{4}(?P<two>[-./ ])\d{1,2}(?P=two)\d{1,2}"
    r"|\d{1,2}[. -]+[^\W\d_]{3,10}[.,]?[ -]+(\d{2}|\d{4})|[^\W\d_]{3,10}\.? \d{1,2},? \d{4})(?![\d.-]*\d)"
)
"""Day, month and year in any order that is in use, the month also in words; not an address or a version."""
_PIECES = re.compile(r"\d+|[^\W\d_]+|[\W_]+")
_CLOCK = ("%H", "%M", "%S")


@dataclass(frozen=True)
class NearlyTimes:
    """What is known of texts that were not read as times."""

    format: str
    """How most of them are written; '' if Python cannot read that."""
    usual: bool
    """Whether times in that format are read without being named."""
    example: str
    """One of them."""
    others: dict[str, int]
    """The texts that are not written so, each with its number of cells; {} if the format is not known."""


def of_text(cells: Array) -> NearlyTimes | None:
    """Say how most of n texts are written as times, and which are not; None if they are something else."""
    counts = Counter(text for text in cells.tolist() if text)
    distinct = pd.Series(list(counts), dtype="str")
    sample = distinct.iloc[:: max(1, len(distinct) // _SAMPLE)]
    likely = sample[[moments.may_be_one(text) for text in sample]]
    least = max(MOST * len(sample), 2)
    if len(likely) < least:
        return None
    formed = sample[[bool(_FORM.search(text)) for text in sample]]
    usual = moments.formats_of(likely)
    named = _guess(formed.iloc[0]) if len(formed) >= least else []
    best = max([*usual, *named], key=lambda form: _closeness(likely, form))
    fitting = _fitting(distinct, best)
    share = sum(counts[text] for text in distinct[fitting]) / counts.total()
    if share < MOST and len(formed) < least:
        return None
    if not share:
        return NearlyTimes("", False, formed.iloc[0], {})
    others = Counter({text: counts[text] for text in distinct[~fitting]})
    return NearlyTimes(best, best in usual, distinct[fitting].iloc[0], dict(others.most_common()))


def _fitting(texts: "pd.Series[str]", form: str) -> "pd.Series[bool]":
    """Say which texts are times in a format."""
    return _read(texts, form).notna()


def _closeness(texts: "pd.Series[str]", form: str) -> tuple[int, float]:
    """Return how many texts are times in a format, and how close these are: taken for years, days are far apart."""
    times = _read(texts, form).dropna()
    return len(times), -(times.max() - times.min()).total_seconds() if len(times) else 0.0


def _read(texts: "pd.Series[str]", form: str) -> "pd.Series[pd.Timestamp]":
    """Return the times that texts are in a format; NaT for those that are not."""
    parsed = moments.parse(texts, form, "coerce")
    return parsed.where(parsed.dt.year.between(*moments.YEARS))


def _guess(text: str) -> list[str]:
    """Return formats of one text: its numbers are day, month and year in some order, then a clock; words stay."""
    pieces = _PIECES.findall(text)
    numbers = [place for place, piece in enumerate(pieces) if piece.isdigit()]
    signs = {place: sign for place, piece in enumerate(pieces) if (sign := _of_word(piece))}
    dates = ["%d"] if {"%b", "%B"} & {*signs.values()} else ["%d", "%m"]
    if len(numbers) <= len(dates):
        return []
    found = []
    for year in ("%Y", "%y"):
        for order in permutations([*dates, year]):
            clock = _CLOCK if "%p" not in signs.values() else ("%I", *_CLOCK[1:])
            told = dict(zip(numbers, [*order, *clock], strict=False))
            found.append(
                "".join({**told, **signs}.get(at, piece.replace("%", "%%")) for at, piece in enumerate(pieces))
            )
    return found


def _of_word(piece: str) -> str:
    """Return the sign of a word that says a part of a time; '' if it says none."""
    for sign in ("%B", "%b", "%A", "%a", "%p"):
        if piece.isalpha() and not pd.isna(pd.to_datetime(f"2024 {piece}", format=f"%Y {sign}", errors="coerce")):
            return sign
    return ""


def option(name: str, times: NearlyTimes) -> str:
    """Return what has to be said of a column for it to be read as times; '' if the file has to be changed."""
    if not times.format:
        return "--date-format FORMAT"
    if len(times.others) > FEW_OTHERS:
        return ""
    said = [f"--missing {quote(name)} {quote(text)}" for text in times.others]
    return " ".join(said if times.usual else [f"--date-format {quote(times.format)}", *said])


def summarise(name: str, times: NearlyTimes) -> str:
    """Say in a few words that a column looks like times."""
    if not times.format:
        return f"'{name}' looks like times, such as '{clip(times.example, _SHOWN)}'"
    return f"'{name}' looks like times written as {times.format}{_beside(times)}"


def say(name: str, times: NearlyTimes, *, private: bool = False) -> str:
    """Say that a column looks like times, in which format, and what to write.

    Args:
        name: of the column.
        times: what is known of it.
        private: whether no value may be shown.
    """
    taken = f"'{name}' is taken as text, and looks like times"
    if not times.format:
        such = "" if private else f", such as '{clip(times.example, _SHOWN)}'"
        return (
            f"{taken}{such}. If it holds times, write them as 2024-12-31 17:04 into the file, or in another way that "
            "Python's strptime reads: --date-format '%d.%m.%Y, %H:%M'."
        )
    written = f"{taken} written as {times.format}"
    said = option(name, times)
    if private and times.others:
        rows = count(sum(times.others.values()), "row")
        return f"{written}, but for {rows}. Write these in the same way, or leave them empty."
    if not said and not times.others:
        return f"{written}. Write timestamps into the Parquet file."
    if not said:
        return f"{written}{_beside(times)}. Write all in one way, and leave a cell empty that holds no time."
    return f"{written}{_beside(times)}. {'If these stand for no time, say' if times.others else 'Say'} {said}"


def _beside(times: NearlyTimes) -> str:
    """Name the texts that are not times, the commonest first."""
    shown = [f"'{clip(text, _SHOWN)}' ({count(number, 'row')})" for text, number in times.others.items()]
    return f", beside {few(shown, FEW_OTHERS)}" if shown else ""
