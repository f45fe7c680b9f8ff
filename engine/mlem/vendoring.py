"""The loader's first-party modules, copied into the wheel under a name of its own.

Two wheels of different versions, or a wheel beside an installed `mainline`, must not share modules:
so `mainline.x` becomes `NAME._loader.x`. Which modules these are is found by following imports.
"""

import ast
import re
from collections.abc import Iterator
from modulefinder import ModuleFinder
from pathlib import Path

from mainline.errors import MainlineError


class VendoringError(MainlineError):
    """The loader cannot be copied into a wheel."""


def trace_modules(source: Path, entry: str) -> dict[str, Path]:
    """Name every module under source that importing entry reads, with its file.

    Args:
        source: the folder that holds first-party packages; all else stays a requirement.
        entry: dotted name of the module that the wheel calls.

    Raises:
        VendoringError: when source has no such module.
    """
    finder = ModuleFinder(path=[str(source)])
    try:
        finder.import_hook(entry)
    except ImportError as error:
        raise VendoringError(f"{source} has no module {entry}: {error}. Check out the whole repository.") from error
    return {name: Path(module.__file__) for name, module in sorted(finder.modules.items()) if module.__file__}


def copy_modules(modules: dict[str, Path], root: str, target: Path, renamed: str) -> None:
    """Write modules of the package root below target, their imports rewritten to the name renamed.

    Raises:
        VendoringError: for an import that has no equal under another name.
    """
    for name, path in modules.items():
        folder = target.joinpath(*name.split(".")[1:])
        copy = folder / "__init__.py" if path.name == "__init__.py" else folder.with_name(path.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(rename_imports(path.read_text("utf-8"), root, renamed, path), "utf-8", newline="\n")


def rename_imports(code: str, root: str, renamed: str, path: Path) -> str:
    """Return code whose absolute imports of the package root name another package.

    Raises:
        VendoringError: for an import that has no equal under another name.
    """
    lines = code.encode().splitlines(keepends=True)  # ast counts columns in bytes
    pattern = re.compile(rb"((?:from\s+)?)" + re.escape(root.encode()) + rb"\b")
    for line, column in sorted(_find_imports(ast.parse(code), root, path), reverse=True):
        head, tail = lines[line - 1][:column], lines[line - 1][column:]
        if not pattern.match(tail):
            raise VendoringError(f"{path}:{line}: an import broken by a backslash; write it on one line.")
        lines[line - 1] = head + pattern.sub(rb"\g<1>" + renamed.encode(), tail, count=1)
    return b"".join(lines).decode()


def _find_imports(tree: ast.Module, root: str, path: Path) -> Iterator[tuple[int, int]]:
    """Yield line and column of each absolute import of root."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and _is_below(node.module, root):
            yield node.lineno, node.col_offset
        for alias in node.names if isinstance(node, ast.Import) else ():
            if _is_below(alias.name, root) and alias.asname is None:
                raise VendoringError(
                    f"{path}:{node.lineno}: `import {alias.name}` binds the old name; write `from {root} import ...`."
                )
            if _is_below(alias.name, root):
                yield alias.lineno, alias.col_offset


def _is_below(module: str | None, root: str) -> bool:
    return module is not None and (module == root or module.startswith(root + "."))
