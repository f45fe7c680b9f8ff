"""Which code of features.py other modules reach, told from its text."""

import pytest

from mainline.experiments import reach

BEFORE = '''"""Features."""
import numpy as np
from helpers import clock

DAY = 1440
NUMERIC = ("a",)


def block(columns):
    return clock(columns) % _day()


def _day():
    return DAY


def compute(columns, tables):
    return {"a": columns["a"]}
'''
UNREACHED = [
    ('{"a": columns["a"]}', '{"a": columns["a"] + 1}'),
    ('NUMERIC = ("a",)', 'NUMERIC = ("a", "b")'),
    ('"""Features."""', '"""All features."""'),
    ("DAY = 1440", "DAY = 1440  # minutes"),
    ("def compute", "def mine():\n    return 1\n\n\ndef compute"),
]
REACHED = [
    ("DAY = 1440", "DAY = 1441"),
    ("% _day()", "% _day() + 1"),
    ("return DAY", "return DAY + 1"),
    ("from helpers import clock", "from others import clock"),
    ("def compute", "np.seterr(all='raise')\n\n\ndef compute"),
    ("def compute", "OTHER = print(1)\n\n\ndef compute"),
    ("def compute", "@print\ndef compute"),
    ("def compute(columns, tables)", "def compute(columns, tables, more=print(1))"),
    ("def compute", "class Other:\n    pass\n\n\ndef compute"),
    ("def compute", "if DAY:\n    _day = None\n\n\ndef compute"),
    ("def compute", "DAY += 1\n\n\ndef compute"),
    ('    return {"a"', '    global DAY\n    DAY = 3\n    return {"a"'),
    ("return DAY", "return globals()['DAY']"),
    ("def compute", "from math import *\n\n\ndef compute"),
]


@pytest.mark.parametrize(("old", "new"), UNREACHED)
def test_what_a_name_does_not_reach_is_no_difference(old: str, new: str) -> None:
    """Another feature, another function and a comment leave what `block` reaches as it is."""
    assert old in BEFORE
    after = BEFORE.replace(old, new)
    assert reach.of(BEFORE.encode(), {"block"}) == reach.of(after.encode(), {"block"})


@pytest.mark.parametrize(("old", "new"), REACHED)
def test_what_a_name_reaches_is_a_difference(old: str, new: str) -> None:
    """A constant two calls away, an import, and whatever acts when the module is imported count."""
    assert old in BEFORE
    after = BEFORE.replace(old, new, 1)
    assert reach.of(BEFORE.encode(), {"block"}) != reach.of(after.encode(), {"block"})


def test_code_that_looks_names_up_reaches_everything() -> None:
    """If what is reached asks for names by text, every statement counts."""
    before = BEFORE.replace("return DAY", "return globals()['DAY']")
    after = before.replace('columns["a"]}', 'columns["a"] + 1}')
    assert reach.of(before.encode(), {"block"}) != reach.of(after.encode(), {"block"})


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy as np", set()),
        ("from usecase.features import block, DAY", {"block", "DAY"}),
        ("from .features import block", {"block"}),
        ("def late():\n    from usecase.features import block", {"block"}),
        ("from usecase import interface", set()),
        ("from usecase import features", None),
        ("from . import features", None),
        ("from ..features import block", {"block"}),
        ("from .. import features", None),
        ("from ..features import *", None),
        ("from importlib import import_module as load\nload(name)", None),
        ("import usecase_tools", set()),
        ("from . import interface\ninterface.__dict__", None),
        ("from usecase.features import *", None),
        ("import usecase.features", None),
        ("import importlib\nimportlib.import_module(name)", None),
        ("import sys\nsys.modules['usecase.features']", None),
    ],
)
def test_imported_names_are_those_of_features(source: str, names: set[str] | None) -> None:
    """Names come from imports at any depth; a module as a whole, or by text, may reach all of it."""
    assert reach.imported([source]) == names
