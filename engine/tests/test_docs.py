"""What the machinery's documents name is there."""

import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import estimators
from tests.project import ENGINE, FLIGHTS, FORKS, ROOT

DOCUMENTS = sorted(
    [
        *(set(ENGINE.glob("*.md")) - {ENGINE / "CHANGELOG.md"}),  # what was, by its name of then
        *ENGINE.glob("docs/*.md"),
        *ENGINE.glob("*/README.md"),
    ]
)

WIDTH = 120
"""Columns, as ruff holds code to them."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documents_name_targets_and_files_that_exist(document: Path) -> None:
    """Every `make` target, relative link and source file that a document names is there."""
    check(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_text_of_documents_is_broken_at_the_columns_of_code(document: Path) -> None:
    """No line of text is longer than `WIDTH`; of tables, code and what has no blank it may be."""
    text = re.sub(r"^ *```.*?^ *```$", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("|", "!["))]
    assert [line for line in lines if len(line) > WIDTH] == []


def test_package_example_of_the_guide_runs(package_dir: Path) -> None:
    """The Python of the guide predicts a plausible delay from a package."""
    guide = (ENGINE / "docs/pipeline.md").read_text(encoding="utf-8")
    code = guide.split("```python")[1].split("```")[0].replace('"models/package"', repr(str(package_dir)))
    names: dict[str, object] = {}
    *statements, last = code.strip().partition("\npredictor.predict")
    exec(statements[0], names)  # noqa: S102 - our own guide
    (delay,) = eval("predictor.predict" + last, names)  # noqa: S307 - likewise
    assert -60 < delay < 60


def check(document: Path) -> None:
    """Hold a document to what is there; of a fork's half, to the tests' flights."""
    text = document.read_text(encoding="utf-8")
    for folder, named in ((ROOT, r"`make ([a-z-]+)"), (ENGINE, r"`make -C engine ([a-z-]+)")):
        targets = set(re.findall(r"^([a-z-]+):", (folder / "Makefile").read_text(), flags=re.MULTILINE))
        assert set(re.findall(named, text)) <= targets | {"-"}
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if not leads(link, document)] == []
    files = set(re.findall(r"`((?:src|tests|engine|deploy|requirements)/[\w./-]+\.\w+)`", text))
    assert {file for file in files if not _place(ROOT / file).exists()} == set()


def leads(link: str, document: Path) -> bool:
    """Whether a relative link of a document leads to a file, and to a heading of it if it names one."""
    file, _, heading = link.partition("#")
    place = _place((document.parent / file).resolve()) if file else document
    return place.exists() and (not heading or heading in headings(place.read_text(encoding="utf-8")))


def headings(text: str) -> set[str]:
    """Return what links to the headings of a document are called on GitHub."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def _place(path: Path) -> Path:
    """Name where the tests look for a file or folder of the repository."""
    name = path.relative_to(ROOT)
    return FLIGHTS / name if name.parts and name.parts[0] in FORKS else path


def test_the_table_of_estimators_is_what_its_command_prints() -> None:
    """At least 40 estimators stand in it, once for a task, with every column that is measured, and none is empty."""
    guide = (ENGINE / "docs/estimators.md").read_text(encoding="utf-8")
    head, _, *rows = re.findall(r"^\|(.*)\|$", guide.partition("<details>")[2].partition("</details>")[0], re.MULTILINE)
    assert tuple(cell.strip() for cell in head.split("|")) == estimators.HEAD
    table = [[cell.strip() for cell in row.split("|")] for row in rows]
    assert len({(name, task) for name, task, *_ in table}) == len(table) >= 40
    assert {len(row) for row in table} == {len(estimators.HEAD)}
    assert all(cell for row in table for cell in row)
    ways = Counter(row[2] for row in table)
    assert f"{len(table)} are packaged, {ways['onnx']} of them as ONNX" in guide
    assert ways.keys() == {"onnx", "skops"}
