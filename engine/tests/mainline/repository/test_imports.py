"""Which files a module runs."""

import ast
from pathlib import Path

import pytest

from mainline.repository.imports import first_party
from tests.project import FLIGHTS, ROOT

SOURCES = sorted([*(ROOT / "engine/src").rglob("*.py"), *(FLIGHTS / "src").rglob("*.py")])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source folder with modules `mainline.a` to `mainline.d`, which import nothing."""
    (tmp_path / "mainline").mkdir()
    for name in "abcd":
        (tmp_path / "mainline" / f"{name}.py").write_text("")
    return tmp_path


def found(source: Path, **modules: str) -> list[str]:
    """Write modules of `mainline` by name, and list what `mainline.a` runs."""
    for name, text in modules.items():
        (source / "mainline" / f"{name}.py").write_text(text)
    return [path.stem for path in first_party(source / "mainline" / "a.py", {"mainline": source})]


@pytest.mark.parametrize(
    "line",
    [
        "import mainline.b",
        "from . import b",
        "from .b import anything",
        "import os, mainline.b as other",
        "from mainline import b",
        "from mainline.b import anything",
        "def f():\n    from mainline import b",
        "try:\n    import mainline.b\nexcept ImportError:\n    pass",
        "if not TYPE_CHECKING:\n    import mainline.b",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import mainline.b",
        "if debug or TYPE_CHECKING:\n    import mainline.b",
    ],
)
def test_import_that_runs_is_found(source: Path, line: str) -> None:
    """Every form of import that runs, also inside a function, makes a dependency."""
    assert found(source, a=line) == ["a", "b"]


@pytest.mark.parametrize(
    "line",
    [
        "import numpy, mainlines.b",
        "if TYPE_CHECKING:\n    from mainline import b",
        "if typing.TYPE_CHECKING:\n    import mainline.b",
        "if other:\n    pass\nelif TYPE_CHECKING:\n    import mainline.b",
        "text = 'import mainline.b'",
    ],
)
def test_import_that_does_not_run_is_left_out(source: Path, line: str) -> None:
    """Other packages, text, and imports for the type checker alone make no dependency."""
    assert found(source, a=line) == ["a"]


def test_a_file_that_is_no_python_is_named(source: Path) -> None:
    """A syntax error says whose it is, so that one of the use case can be told in one line."""
    with pytest.raises(SyntaxError, match="never closed") as raised:
        found(source, a="b = (")
    assert str(raised.value.filename).endswith("a.py")


def test_imports_are_followed_to_the_end(source: Path) -> None:
    """What an imported module imports counts too, once, even in a circle."""
    assert found(source, a="import mainline.c", c="import mainline.d", d="from mainline import a") == ["a", "c", "d"]


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name == "__init__.py"], ids=str)
def test_package_files_hold_a_docstring_alone(path: Path) -> None:
    """Every `__init__` is a docstring and nothing else, which is why a stage need not depend on it."""
    (only,) = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(only, ast.Expr)
    assert isinstance(only.value, ast.Constant)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_are_absolute(path: Path) -> None:
    """No module imports relatively, which the search for dependencies would miss."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes)
