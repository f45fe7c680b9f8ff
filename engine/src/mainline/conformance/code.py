"""The code that goes into the package: what it may import, and that it waits for nobody."""

import ast
import sys
from pathlib import Path

from mainline.errors import UseCaseError

FEATURES = Path("src/usecase/features.py")
TRAVELLING = (FEATURES, Path("src/usecase/scoring.py"))
"""The code that goes into the package."""


def portable(path: Path) -> bytes:
    """Read code that goes into the package; it may import numpy and the standard library, nothing else.

    Raises:
        UseCaseError: naming the import that would not be there at the other end.
    """
    source = path.read_bytes()
    for node in ast.walk(ast.parse(source, str(path))):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        else:
            names = [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] not in {"numpy", *sys.stdlib_module_names}:
                raise UseCaseError(
                    f"{path}, line {node.lineno}, imports {name}; code that travels in the package may import numpy "
                    "and the standard library. Move what needs more to src/usecase/tables.py."
                )
    return source


def unattended(path: Path) -> bytes:
    """Read code that goes into the package, if it is portable and waits for nobody where it runs.

    Raises:
        UseCaseError: naming the line that stops in a debugger.
    """
    source = portable(path)
    for node in ast.walk(ast.parse(source, str(path))):
        match node:
            case ast.Call(func=ast.Name(id="breakpoint") | ast.Attribute(attr="set_trace" | "breakpoint")):
                raise UseCaseError(
                    f"{path}, line {node.lineno}, stops in a debugger; a server would wait there. Remove it: this code "
                    "goes into the package."
                )
    return source
