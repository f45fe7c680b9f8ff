"""What the ingest stage takes from a source, and what it refuses."""

import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import usecase
from mainline.declared import params
from mainline.errors import DataError, MainlineError, ParamsError, SourceError, UseCaseError
from mainline.stages import entries, presence
from mainline.stages.harness import BY_DVC, DEBUG, NO_REUSE
from mainline.stages.ingest import check_version, ingest
from tests.project import FLIGHTS

ROWS = pd.DataFrame({"a": [1, 2]})
MONTHS = ("2013-01", "2013-02", "2013-03")


class Source(SimpleNamespace):
    """A source that delivers what it was made with."""

    batches: Any = (("flights", "2013-01", ROWS),)

    def describe(self) -> Any:
        """Name the source."""
        return {"source": "a test"}

    def fetch(self, months: Any) -> Any:  # noqa: ARG002
        """Deliver."""
        return self.batches


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> params.Params:
    """Parameters of three months; the test is in a folder that declares no file of data."""
    loaded = params.load(FLIGHTS / "params.yaml")
    (tmp_path / "dvc.yaml").write_text("stages: {ingest: {deps: [src/usecase/source.py]}}\n")
    monkeypatch.chdir(tmp_path)
    return _with(loaded, through="2013-03")


def _with(loaded: params.Params, **changes: str) -> params.Params:
    return loaded.model_copy(update={"data": loaded.data.model_copy(update=changes)})


def _put(monkeypatch: pytest.MonkeyPatch, **what: Any) -> None:
    monkeypatch.setattr(usecase, "source", Source(**what), raising=False)


def test_batches_become_files(declared: params.Params, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch is a file, a static table one without a month, and the source and the rows are kept beside them."""
    _put(monkeypatch, batches=[("flights", "2013-01", ROWS), ("planes", None, ROWS)])
    ingest(declared)
    assert sorted(str(path) for path in Path("data").rglob("*.*")) == [
        "data/raw/flights/2013-01.parquet", "data/raw/planes.parquet", "data/raw/source.json",
    ]  # fmt: skip
    assert json.loads(Path("data/raw/source.json").read_text()) == {
        "source": "a test", "rows": {"flights": 2, "planes": 2},
    }  # fmt: skip


def _raising() -> Iterator[Any]:
    yield "flights", "2013-01", ROWS
    Path("bikes.csv").read_text()
    yield "flights", "2013-02", ROWS


@pytest.mark.parametrize(
    ("batches", "error", "said"),
    [
        ([("flights", "2013-01", ROWS)] * 2, SourceError, "fetch delivered flights 2013-01 twice"),
        ([("flights", "2014-01", ROWS)], SourceError, "fetch delivered flights 2014-01, and was asked for 2013-01 "),
        (None, SourceError, "fetch returns None; yield"),
        ([None], SourceError, "fetch delivered None; yield"),
        ([("flights", "2013-01")], SourceError, r"fetch delivered \('flights', '2013-01'\); yield"),
        ([("flights", "2013-01", [1])], SourceError, "fetch delivered .* and a pandas DataFrame"),
        ([("../flights", None, ROWS)], SourceError, "fetch delivered .* a name of letters, digits and _"),
        ([("flights", 201301, ROWS)], SourceError, "fetch delivered .* a period such as '2013-01' or None"),
        (
            [("flights", "2013-01", pd.DataFrame({"a": [1, 2], "mixed": pd.Series([1, "x"], dtype=object)}))],
            DataError,
            r"^data/raw/flights/2013-01\.parquet cannot be written: column 'mixed' holds int and str; give each column",
        ),
    ],
    ids=["twice", "outside", "nothing", "none", "two", "no frame", "path", "number", "mixed"],
)
def test_what_is_no_batch_is_refused(
    declared: params.Params, monkeypatch: pytest.MonkeyPatch, batches: Any, error: type[MainlineError], said: str
) -> None:
    """What fetch delivers is a table's name, a month of the window, and rows with columns of one type each."""
    _put(monkeypatch, batches=batches)
    with pytest.raises(error, match=said) as raised:
        ingest(declared)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("described", [None, ["a"], {"version": 3}])
def test_a_description_is_texts_by_name(
    declared: params.Params, monkeypatch: pytest.MonkeyPatch, described: Any
) -> None:
    """What describe returns is refused unless it is texts by name."""
    _put(monkeypatch, describe=lambda: described)
    with pytest.raises(UseCaseError, match=r"describe returns .*; return texts by name"):
        ingest(declared)


def test_an_undeclared_file_that_a_source_reads_is_refused(
    declared: params.Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of the repository that fetch reads between two batches is a dependency of ingest, or refused."""
    Path("bikes.csv").write_text("a\n1\n")
    _put(monkeypatch, batches=_raising())
    with pytest.raises(SourceError, match=r"reads bikes\.csv, which dvc\.yaml does not declare"):
        ingest(declared)
    Path("dvc.yaml").write_text("stages: {ingest: {deps: [bikes.csv]}}\n")
    _put(monkeypatch, batches=_raising())
    ingest(declared)
    assert len(list(Path("data/raw/flights").iterdir())) == 2


def _keeping() -> Iterator[Any]:
    Path("download.csv").write_text("a\n1\n")
    yield "flights", "2013-01", ROWS
    yield "flights", "2013-02", pd.read_csv("download.csv")


def test_what_a_source_keeps_for_a_later_batch_is_its_own(
    declared: params.Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that fetch writes for one batch may be read for the next one."""
    _put(monkeypatch, batches=_keeping())
    ingest(declared)
    assert len(list(Path("data/raw/flights").iterdir())) == 2


def test_the_version_of_the_source_is_declared_and_kept(
    declared: params.Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that tells its version is ingested at the declared one, which is kept with the data."""
    asked: list[Any] = []
    _put(monkeypatch, version=lambda months: asked.append(months) or "b7")
    for version, found in (("", "is missing"), ("a1", "is 'a1'")):
        said = rf"^params\.yaml: data\.version: {found} and the source is at 'b7'; write version: 'b7'\.$"
        with pytest.raises(ParamsError, match=said):
            ingest(_with(declared, version=version))
    assert not Path("data").exists()
    ingest(_with(declared, version="b7"))
    assert json.loads(Path("data/raw/source.json").read_text())["version"] == "b7"
    assert set(asked) == {MONTHS}


def test_a_version_is_a_text_that_the_source_offers(declared: params.Params, monkeypatch: pytest.MonkeyPatch) -> None:
    """A declared version needs a source that tells one, as a text."""
    _put(monkeypatch)
    with pytest.raises(UseCaseError, match=r"offers no version\(periods\)"):
        ingest(_with(declared, version="b7"))
    _put(monkeypatch, version=lambda _: 7)
    with pytest.raises(UseCaseError, match="version returns 7; return a text"):
        ingest(_with(declared, version="b7"))


def test_a_function_that_a_source_imports_is_not_its_version() -> None:
    """`from importlib.metadata import version` is how many a source names its package."""
    source = ModuleType("usecase.source")
    source.version = metadata.version  # type: ignore[attr-defined]
    assert check_version(source, params.load(FLIGHTS / "params.yaml")) == ""


class Versioned(Source):
    """A source of two tables that tells the version of each period, and counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__(asked=[], versions=dict.fromkeys((None, *MONTHS), "v1"))

    def version_of(self, period: str | None) -> Any:
        """Tell the version."""
        return self.versions[period]

    def fetch(self, months: Any) -> Any:
        """Deliver the flights of each month, and the planes, whose values are the versions."""
        self.asked.append(months)
        for month in months:
            yield "flights", month, pd.DataFrame({"a": [month, self.versions[month]]})
        yield "planes", None, pd.DataFrame({"a": [str(self.versions[None])]})


@pytest.fixture
def versioned(declared: params.Params, monkeypatch: pytest.MonkeyPatch) -> Versioned:
    """It was ingested once, of two months."""
    source = Versioned()
    file = Path("src/usecase/source.py")
    file.parent.mkdir(parents=True)
    file.touch()
    monkeypatch.setattr(usecase, "source", source, raising=False)
    monkeypatch.setenv(BY_DVC, "ingest")
    again(_with(declared, through="2013-02"))
    assert source.asked == [MONTHS[:2]]
    source.asked.clear()
    return source


def again(declared: params.Params) -> dict[str, bytes]:
    """Ingest as DVC does; return the content of each file."""
    with presence.of("ingest"):
        ingest(declared)
    return {path.as_posix(): path.read_bytes() for path in Path("data").rglob("*.*")}


def from_nothing(declared: params.Params, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Ingest without reuse, and leave what is kept."""
    with monkeypatch.context() as patch:
        patch.delenv(BY_DVC)
        patch.setattr(entries, "prune", lambda *_: None)
        return again(declared)


def test_a_period_that_has_not_changed_is_not_fetched(
    declared: params.Params, versioned: Versioned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One month more is one month fetched, and no month more is none; all bytes are those from nothing."""
    capsys.readouterr()
    found = again(declared)
    assert capsys.readouterr().out.startswith("  ingest: 2 of 3 periods taken from an earlier run\n")
    assert again(declared) == found
    assert versioned.asked == [MONTHS[2:]]
    assert from_nothing(declared, monkeypatch) == found
    assert versioned.asked == [MONTHS[2:], MONTHS]


@pytest.mark.parametrize(
    ("changed", "asked"), [("2013-02", ("2013-02", "2013-03")), (None, ("2013-03",))], ids=["a month", "static"]
)
def test_what_has_another_version_is_fetched(
    declared: params.Params,
    versioned: Versioned,
    monkeypatch: pytest.MonkeyPatch,
    changed: str | None,
    asked: tuple[str, ...],
) -> None:
    """A month, or the tables without months, whose version is another one has its new bytes."""
    versioned.versions[changed] = "v2"
    found = again(declared)
    assert versioned.asked == [asked]
    assert from_nothing(declared, monkeypatch) == found


def test_static_tables_alone_may_be_fetched(declared: params.Params, versioned: Versioned) -> None:
    """A source whose months are all kept is asked for none."""
    versioned.versions[None] = "v2"
    again(_with(declared, through="2013-02"))
    assert versioned.asked == [()]


def test_a_month_beyond_static_tables_is_refused(declared: params.Params, versioned: Versioned) -> None:
    """A source that is asked for no month and delivers one is told so in a line."""
    versioned.versions[None] = "v2"
    versioned.fetch = lambda _: [("flights", MONTHS[0], ROWS)]  # type: ignore[method-assign, assignment]
    with pytest.raises(SourceError, match=r"fetch delivered flights 2013-01, and was asked for static tables alone\."):
        again(_with(declared, through="2013-02"))


def test_what_changes_while_it_is_fetched_is_fetched_again(declared: params.Params, versioned: Versioned) -> None:
    """A month whose version is another one after the fetch than before is not kept, also if the first one returns."""
    versions = iter(["v1", "v7", "v1", "v1"])
    versioned.version_of = lambda period: next(versions) if period == MONTHS[2] else "v1"  # type: ignore[method-assign]
    again(declared)
    again(declared)
    assert versioned.asked == [MONTHS[2:], MONTHS[2:]]
    assert [*versions] == []


@pytest.mark.parametrize("version", [None, 7, 1.5])
def test_a_version_that_is_not_a_text_is_refused(declared: params.Params, versioned: Versioned, version: Any) -> None:
    """What cannot be a version is named with its period."""
    versioned.versions[MONTHS[0]] = version
    with pytest.raises(UseCaseError, match=rf"version_of\('2013-01'\) returns {version}; return a text that changes"):
        again(declared)


def test_a_period_whose_version_nobody_knows_is_fetched(declared: params.Params, versioned: Versioned) -> None:
    """An empty version is none."""
    versioned.versions[MONTHS[0]] = ""
    again(declared)
    again(declared)
    assert versioned.asked == [(MONTHS[0], MONTHS[2]), (MONTHS[0],)]


def test_damage_of_what_was_kept_has_it_fetched(
    declared: params.Params, versioned: Versioned, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes that are not those that were kept are named, and fetched."""
    for path in (entries.FOLDER / "ingest").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    again(_with(declared, through="2013-02"))
    assert "ingest: what was kept of 2013-01 is damaged; it is fetched again." in capsys.readouterr().out
    assert versioned.asked == [MONTHS[:2]]


@pytest.mark.parametrize("setting", [NO_REUSE, DEBUG])
def test_reuse_of_periods_is_switched_off(
    declared: params.Params, versioned: Versioned, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    """In doubt, all is fetched."""
    monkeypatch.setenv(setting, "1")
    again(declared)
    assert versioned.asked == [MONTHS]
