"""Whether a test could say no, as its source has it."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_ASSERTING = ("assert", "raises", "warns", "fail", "hold")
"""How the names of functions begin that fail a test: NumPy's, pytest's, unittest's and those of the claims."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def has_any(file: Path, name: str) -> bool:
    """Whether a test has an assertion: an `assert`, a `raise`, a call of what is named so, or of a helper that has one.

    `assert True` is not one. Helpers are looked for in the same file; those of another one are called `assert_...`.
    """
    return name in _asserting(file)


@cache
def _asserting(file: Path) -> frozenset[str]:
    """Return the names of a file's functions that have an assertion."""
    functions = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, _Function)]
    found = {one.name for one in functions if any(map(_asserts, ast.walk(one)))}
    while more := {one.name for one in functions if found & set(_called(ast.walk(one)))} - found:
        found |= more
    return frozenset(found)


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    return isinstance(node, ast.Raise) or any(name.startswith(_ASSERTING) for name in _called([node]))


def _called(nodes: Iterable[ast.AST]) -> list[str]:
    """Name the functions that nodes call, without what they are attributes of."""
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    return [one.attr if isinstance(one, ast.Attribute) else one.id for one in called
            if isinstance(one, ast.Attribute | ast.Name)]  # fmt: skip
