"""The window moves by a month, and nothing else in the file does."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mainline.errors import MainlineError, SourceError
from tests.door import typed
from tests.project import FLIGHTS, OTHER, TIMELESS
from usecase import source


@pytest.fixture(autouse=True)
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that has every month, after a table that has none."""

    def fetch(months: Sequence[str]) -> Iterator[tuple[str, str | None, None]]:
        yield "static", None, None
        yield from (("events", month, None) for month in months)

    monkeypatch.setattr(source, "fetch", fetch)


@pytest.mark.parametrize("declared", [FLIGHTS / "params.yaml", OTHER / "params.yaml"], ids=["shipped", "other"])
def test_the_window_takes_one_month_more(declared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the month of data.through differs afterwards; comments and layout stay."""
    monkeypatch.chdir(tmp_path)
    text = declared.read_text(encoding="utf-8")
    Path("params.yaml").write_text(text, encoding="utf-8")
    first, _, last = typed("window").split()
    said = typed("window", "--advance")
    assert said.startswith(f"{first} to ")
    before, after = (content.splitlines() for content in (text, Path("params.yaml").read_text(encoding="utf-8")))
    (changed,) = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert changed[0].strip().startswith(f"through: {last}")
    assert changed[1].strip().startswith("through: ")


@pytest.mark.parametrize("before", ["b7", "'b7'", '"b7"'])
def test_the_window_takes_the_version_that_has_the_month(
    before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A declared version of the source becomes the one of the longer window; comments and layout stay."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(source, "version", lambda window: f"2014-01-02 {window[-1]}", raising=False)
    line = "  through: 2013-09\n"
    text = (
        (FLIGHTS / "params.yaml").read_text(encoding="utf-8").replace(line, f"{line}  version: {before}  # of orders\n")
    )
    Path("params.yaml").write_text(text, encoding="utf-8")
    typed("window", "--advance")
    expected = text.replace("2013-09", "2013-10", 1).replace(f"version: {before}", 'version: "2014-01-02 2013-10"')
    assert Path("params.yaml").read_text(encoding="utf-8") == expected


def test_december_is_followed_by_january(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The month after the last of a year is the first of the next."""
    monkeypatch.chdir(tmp_path)
    text = (FLIGHTS / "params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("through: 2013-09", 'through: "2013-12"'), encoding="utf-8")
    assert "2014-01" in typed("window", "--advance")
    assert 'through: "2014-01"' in Path("params.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("begins", "ends", "words", "after"),
    [
        ('"2024-02-20"', '"2024-02-28"', ["--advance"], 'through: "2024-02-29"'),
        ("2020-W01", "2020-W53", ["--advance", "2"], "through: 2021-W02"),
        ("2013-Q1", "2013-Q4", ["--advance"], "through: 2014-Q1"),
        ("2010", "2013", ["--advance"], "through: 2014"),
        ('"1998"', '"2000"', ["--advance", "2"], 'through: "2002"'),
    ],
)
def test_a_window_of_any_period_moves_on(
    begins: str, ends: str, words: list[str], after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days, weeks, quarters and years are taken as months are, one or several at once, in the same quotes."""
    monkeypatch.chdir(tmp_path)
    text = (FLIGHTS / "params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("from: 2013-01", f"from: {begins}").replace("2013-09", ends))
    typed("window", *words)
    assert f"  {after}\n" in Path("params.yaml").read_text(encoding="utf-8")


def test_another_snapshot_is_taken_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the snapshot's name differs afterwards; to be shown and not to be moved on is no error."""
    monkeypatch.chdir(tmp_path)
    text = (TIMELESS / "params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text, encoding="utf-8")
    assert typed("window") == "snapshot first"
    assert typed("window", "--advance").startswith("--advance does not apply: the data has no time.")
    assert Path("params.yaml").read_text(encoding="utf-8") == text
    assert typed("window", "--snapshot", "2024-01") == "snapshot 2024-01, was first. `make repro` takes it."
    expected = text.replace("snapshot: first", 'snapshot: "2024-01"')
    assert Path("params.yaml").read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    ("declared", "name", "said"),
    [
        (TIMELESS, "first", "--snapshot first: it is the present one. A new name is new data."),
        (TIMELESS, "../x", "--snapshot '../x': a name has letters, digits and any of _ . - in it."),
        (FLIGHTS, "second", "--snapshot does not apply: the data has time."),
    ],
    ids=["present", "path", "window"],
)
def test_a_snapshot_that_cannot_be_taken_leaves_the_file(
    declared: Path, name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is no new snapshot is refused in one line, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    text = (declared / "params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MainlineError, match=re.escape(said)):
        typed("window", "--snapshot", name)
    assert Path("params.yaml").read_text(encoding="utf-8") == text


def test_a_layout_that_cannot_be_edited_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A window in one line is refused with what to write, and the file stays as it is."""
    monkeypatch.chdir(tmp_path)
    text = (FLIGHTS / "params.yaml").read_text(encoding="utf-8")
    head, _, rest = text.partition("data:")
    flow = f"{head}data: {{from: 2013-01, through: 2013-09}}\n\nsplit:{rest.partition('split:')[2]}"
    Path("params.yaml").write_text(flow, encoding="utf-8")
    with pytest.raises(MainlineError, match="Write 2013-10 there by hand"):
        typed("window", "--advance")
    assert Path("params.yaml").read_text(encoding="utf-8") == flow


def _absent(months: Sequence[str]) -> Iterator[tuple[str, str | None, None]]:
    raise SourceError(f"nobody measured {months[0]}.")
    yield


@pytest.mark.parametrize(
    ("fetch", "said"),
    [(_absent, "nobody measured 2013-10"), (lambda _: iter([("static", None, None)]), "The source gave no rows of it")],
    ids=["refused", "nothing"],
)
def test_a_month_that_the_source_lacks_leaves_the_file(
    fetch: object, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retraining that comes too early says what is missing and changes nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(source, "fetch", fetch)
    text = (FLIGHTS / "params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MainlineError, match=f"there is no 2013-10 to take yet; params.yaml stays as it is. {said}"):
        typed("window", "--advance")
    assert Path("params.yaml").read_text(encoding="utf-8") == text
