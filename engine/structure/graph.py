"""Which module imports which, and where that goes round in a circle."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import networkx as nx

from mainline.repository import imports

Graph = Mapping[str, frozenset[str]]
"""What each module imports of the others; names are dotted and begin below the package."""


def read(package: Path) -> Graph:
    """Return the imports of every module of a package that says more than a docstring.

    Imports inside functions count, since they run as well; those for type checkers alone do not.
    """
    files = {path: _name(path, package) for path in package.rglob("*.py") if path.name != "__init__.py"}
    roots = {package.name: package.parent}
    return {
        name: frozenset(files[found] for found in imports.imported(path, roots) if files.get(found, name) != name)
        for path, name in sorted(files.items(), key=lambda item: item[1])
    }


def _name(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package).with_suffix("").parts)


def room_of(module: str) -> str:
    """Name the room of a module: the folder in the package that it is in, or '' if it is in none."""
    return module.partition(".")[0] if "." in module else ""


def arrows(graph: Graph) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return which room imports which other one, each with the imports that say so."""
    found = defaultdict(list)
    for module, imported in graph.items():
        for other in sorted(imported):
            if room_of(module) != room_of(other):
                found[room_of(module), room_of(other)].append((module, other))
    return dict(found)


def file_circles(graph: Graph) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or not."""
    return _circles((module, other) for module, imported in graph.items() for other in imported)


def package_circles(graph: Graph) -> list[list[str]]:
    """Return, for each folder, the groups of folders and modules in it that import each other.

    A folder counts as one, with all that is in it: two folders can form a circle though no module of them does.
    """
    folders = {""} | {module[:place] for module in graph for place, letter in enumerate(module) if letter == "."}
    return [circle for folder in sorted(folders) for circle in _circles(_siblings(graph, folder))]


def _siblings(graph: Graph, folder: str) -> Iterable[tuple[str, str]]:
    """List the imports between what lies directly in a folder."""
    prefix = f"{folder}." if folder else ""
    for module, imported in graph.items():
        for other in imported:
            if module.startswith(prefix) and other.startswith(prefix):
                yield _child(module, prefix), _child(other, prefix)


def _child(module: str, prefix: str) -> str:
    return prefix + module.removeprefix(prefix).partition(".")[0]


def _circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    groups = nx.strongly_connected_components(nx.DiGraph(edge for edge in edges if edge[0] != edge[1]))
    return sorted(sorted(group) for group in groups if len(group) > 1)
