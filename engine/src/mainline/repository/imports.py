"""Which of our own files a module runs: what a stage must depend on, no more and no less."""

import ast
from collections.abc import Mapping
from pathlib import Path

ROOTS = {"mainline": Path("engine/src"), "usecase": Path("src")}
"""Where each of our packages is, from the root of the repository."""
TYPING_ONLY = ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def first_party(path: Path, roots: Mapping[str, Path] = ROOTS) -> list[Path]:
    """List a module and every first-party module it imports, directly or not, in order of name.

    Imports inside functions count: they run as well. Imports for type checkers alone don't, and neither do
    `__init__` files, which hold a docstring and nothing else (held by a test).
    """
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += imported(current, roots)
    return sorted(found)


def imported(path: Path, roots: Mapping[str, Path] = ROOTS) -> list[Path]:
    """List the first-party modules that a module imports itself, one as often as it says so."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    modules = []
    for node in _running(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = ".".join(filter(None, [_package(path, node.level, roots), node.module]))
            names = [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
        modules += [name for name in names if name.split(".")[0] in roots]
    files = [(roots[name.split(".")[0]] / Path(*name.split("."))).with_suffix(".py") for name in modules]
    return [file for file in files if file.is_file()]


def _package(path: Path, level: int, roots: Mapping[str, Path]) -> str:
    """Name the package that an import of a module begins from: one dot is the module's own, none says nothing."""
    root = next((root for root in roots.values() if path.is_relative_to(root)), None)
    if not level or root is None:
        return ""
    return ".".join(path.relative_to(root).parts[:-level])


def _running(node: ast.AST) -> list[ast.AST]:
    """Walk a tree, leaving out what is under `if TYPE_CHECKING`."""
    nodes = [node]
    for child in ast.iter_child_nodes(node):
        typing_only = isinstance(child, ast.If) and ast.unparse(child.test) in TYPING_ONLY
        nodes += [inner for item in child.orelse for inner in _running(item)] if typing_only else _running(child)  # type: ignore[attr-defined]
    return nodes
