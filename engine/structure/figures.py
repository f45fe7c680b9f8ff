"""The structure of any revision in figures: who owns how much, what imports what, how long and how dense code is."""

import ast
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

from structure import graph, waits

Figures = dict[str, str]
LONG = 250
"""Lines above which a file is to be split, or has a reason not to be."""


def table(revisions: Sequence[str], with_waits: bool = False) -> str:
    """Return a Markdown table with a column for each revision of this repository, and on demand how long people wait.

    Raises:
        CalledProcessError: if git does not know a revision, or it cannot be set up.
    """
    columns = [{**_measure(revision), **(waits.measure(revision) if with_waits else {})} for revision in revisions]
    rows = [["", *revisions], ["---", *["---:"] * len(revisions)]]
    rows += [[name, *(column[name] for column in columns)] for name in columns[0]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _measure(revision: str) -> Figures:
    entries = len(_git("ls-tree", "--name-only", revision).splitlines())
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(_git("archive", revision))) as files:
            files.extractall(folder)  # noqa: S202 - git's own archive; Python has `filter` from 3.11.4 on
        root = Path(folder)
        moved = root / "engine" / "src" / "mainline"
        package = moved if moved.is_dir() else root / "src" / "mainline"
        front = {f"lines of {name}": f"{len(_lines(root / name)):,}" for name in ("README.md", "dvc.yaml")}
        return {"entries at the top": str(entries), **front, **_owned(root), **_imports(package), **_code(package)}


def _git(*command: str) -> bytes:
    return subprocess.run(["git", *command], check=True, stdout=subprocess.PIPE).stdout  # noqa: S607


def _owned(root: Path) -> Figures:
    """Count Python by owner, in the layout with a folder for the engine and in the one before it."""
    if (root / "engine").is_dir():
        folders = ("src", "tests", "engine/src", "engine/tests")
    else:
        folders = ("src/usecase", "tests/usecase", "src/mainline", "tests")
    lengths = [{path: len(_lines(path)) for path in _modules(root / folder)} for folder in folders]
    for path in lengths[1]:
        lengths[3].pop(path, None)  # before, one was a folder in the other
    owners = ("use case", "tests of the use case", "engine", "tests of the engine")
    return {
        f"{owner}: files, lines of Python": f"{len(found)}, {sum(found.values()):,}"
        for owner, found in zip(owners, lengths, strict=True)
    }


def _imports(package: Path) -> Figures:
    found = graph.read(package)
    crossing = graph.arrows(found)
    return {
        "rooms": str(len({graph.room_of(module) for module in found})),
        "arrows between rooms": str(len(crossing)),
        "imports across rooms": f"{sum(map(len, crossing.values())):,}",
        "circles of files": str(len(graph.file_circles(found))),
        "circles of folders": str(len(graph.package_circles(found))),
    }


def _code(package: Path) -> Figures:
    files = [_lines(path) for path in _modules(package)]
    trees = [ast.parse("\n".join(lines)) for lines in files]
    functions = [
        node.end_lineno - node.lineno + 1
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    ]
    nodes, lines = (sum(column) for column in zip(*map(_density, trees), strict=True))
    return {
        "lines of a file: median, 90th percentile": _spread([len(lines) for lines in files]),
        f"files of more than {LONG} lines, the longest": _longest([len(lines) for lines in files]),
        "lines of a function: median, 90th percentile": _spread(functions),
        "syntax nodes a line of code": f"{nodes / lines:.2f}",
    }


def _density(tree: ast.Module) -> tuple[int, int]:
    """Count the nodes of a module's code and the lines that they begin on; text that only documents is not code."""
    nodes = [node for node in _walk(tree) if not isinstance(node, ast.expr_context)]
    return len(nodes), len({node.lineno for node in nodes if hasattr(node, "lineno")})


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield child
            yield from _walk(child)


def _longest(lengths: Sequence[int]) -> str:
    return f"{sum(length > LONG for length in lengths)}, {max(lengths)}"


def _spread(lengths: Sequence[int]) -> str:
    return f"{median(lengths):.0f}, {quantiles(lengths, n=10)[-1]:.0f}"


def _modules(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.py")) if not path.is_symlink()]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
