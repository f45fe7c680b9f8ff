"""Which code of `features.py` other modules of the use case reach: only that can change requests, labels and tables.

Code is compared as Python reads it, so that a comment is not a difference. Whatever cannot be told from the text counts
as reached.
"""

import ast
from collections.abc import Iterable, Iterator

_PACKAGE, _MODULE = "usecase", "features"
_DYNAMIC = {
    "__dict__", "__import__", "attrgetter", "eval", "exec", "getattr", "globals", "import_module", "locals", "modules",
    "setattr", "vars",
}  # fmt: skip
"""Names by which code reaches what its text does not name."""


def imported(sources: Iterable[str]) -> set[str] | None:
    """Return the names that modules import from `features.py`; None if they may reach all of it."""
    names: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if _names(node) & _DYNAMIC or _takes_all(node):
                return None
            if isinstance(node, ast.ImportFrom) and _is_features(node):
                names |= {alias.name for alias in node.names}
    return names


def of(source: bytes, names: set[str]) -> list[str]:
    """Return the statements of a module, as Python reads them, that the named ones reach or that act by themselves."""
    body = ast.parse(source).body
    wanted, reached = set(names), [not _only_declares(statement) for statement in body]
    while True:
        wanted |= {name for one, is_in in zip(body, reached, strict=True) if is_in for name in _all_names(one)}
        more = [is_in or bool(wanted & set(_declared(one))) for one, is_in in zip(body, reached, strict=True)]
        if more == reached:
            break
        reached = more
    if wanted & _DYNAMIC or any(isinstance(node, ast.Global) for one in body for node in ast.walk(one)):
        reached = [True] * len(body)
    return [ast.dump(one) for one, is_in in zip(body, reached, strict=True) if is_in]


def _is_features(node: ast.ImportFrom) -> bool:
    """Whether a statement imports names of `features.py`, from a package below as well."""
    return node.module == (_MODULE if node.level else f"{_PACKAGE}.{_MODULE}")


def _takes_all(node: ast.AST) -> bool:
    """Whether a statement imports the module itself, its package, or everything in it."""
    match node:
        case ast.Import():
            return any(alias.name.split(".")[0] == _PACKAGE for alias in node.names)
        case ast.ImportFrom():
            is_package = node.module == (None if node.level else _PACKAGE)
            taken = {alias.name for alias in node.names}
            return bool(is_package and _MODULE in taken) or bool((is_package or _is_features(node)) and "*" in taken)
    return False


def _only_declares(statement: ast.stmt) -> bool:
    """Whether a statement does nothing when its module is imported but to give a name a value."""
    match statement:
        case ast.FunctionDef(decorator_list=[]):
            parts = [*statement.args.defaults, *filter(None, statement.args.kw_defaults)]
        case ast.Assign(targets=[ast.Name()]) | ast.AnnAssign(target=ast.Name()):
            parts = [statement.value] if statement.value else []
        case ast.Assign(targets=[ast.Tuple(elts=targets)]) if all(isinstance(each, ast.Name) for each in targets):
            parts = [statement.value]
        case ast.Expr(value=ast.Constant()) | ast.Import():
            return True
        case ast.ImportFrom(names=names):
            return all(alias.name != "*" for alias in names)
        case _:
            return False
    return not any(isinstance(node, ast.Call) for part in parts for node in ast.walk(part))


def _declared(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement gives a value."""
    match statement:
        case ast.FunctionDef() | ast.ClassDef():
            yield statement.name
        case ast.Import() | ast.ImportFrom():
            yield from ((alias.asname or alias.name).split(".")[0] for alias in statement.names)
        case _:
            stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
            yield from (node.id for node in stored if isinstance(node.ctx, ast.Store))


def _all_names(statement: ast.stmt) -> set[str]:
    return {name for node in ast.walk(statement) for name in _names(node)}


def _names(node: ast.AST) -> set[str]:
    """Return the names that a node reads: of a variable, an attribute, or what an import takes."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
        case ast.ImportFrom(names=taken):
            return {alias.name for alias in taken}
    return set()
