"""Amounts and shares as a spreadsheet shows them: each number of a column beside one and the same sign."""

import re
from collections.abc import Iterable

from mainline.missing_values import IN_NUMBERS
from mainline.scaffold.nearly_numbers import PLACEHOLDERS, may_be_missing

_SIGN = re.compile(r"[€$£¥%]|EUR|USD|GBP|CHF")


def of_texts(texts: Iterable[str]) -> str:
    """Return the sign that stands in each text that holds something; '' if there is none, or one stands alone."""
    present = {text for each in texts if (text := each.strip()) not in IN_NUMBERS and not may_be_missing(text)}
    held = {tuple(_SIGN.findall(text)) for text in present}
    signs = held.pop() if len(held) == 1 else ()
    alone = ("", *PLACEHOLDERS)  # a spreadsheet shows "- €" for zero
    return signs[0] if len(signs) == 1 and not any(bare(text) in alone for text in present) else ""


def bare(text: str, sign: str = "") -> str:
    """Return a text without a sign, or without any, and without spaces around it."""
    return (text.replace(sign, "") if sign else _SIGN.sub("", text)).strip()
