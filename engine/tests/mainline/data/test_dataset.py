"""Prepared parts: what was written is read back, and only what is asked for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mainline.contract import Array
from mainline.data import dataset, storage
from mainline.data.dataset import Prepared

PARTS = ("2013-01", "2013-02")
FIRST = Prepared(
    {"origin": np.array(["EWR", "JFK", "EWR"], object), "flight": np.array([1, 2, 3])},
    {"seats": np.array([4, np.nan, 6], np.float32), "carrier": np.array(["UA", "", "B6"], object)},
    np.array([1.0, 2.0, 3.0]),
)
SECOND = FIRST.take(np.array([2, 0]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two parts as `prepare` writes them."""
    for name, part in zip(PARTS, (FIRST, SECOND), strict=True):
        storage.write_columns(part.as_columns(), tmp_path / f"{name}.parquet")
    return tmp_path


def test_parts_are_read_one_below_the_other(folder: Path) -> None:
    """Every named column of both parts, with its type; a feature by itself is the same."""
    read = dataset.read(folder, PARTS, ["flight", "origin"], ["carrier", "seats"])
    whole = dataset.join([FIRST, SECOND])
    assert len(read) == len(whole) == 5
    for found, expected in ((read.request, whole.request), (read.features, whole.features)):
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values)
            assert found[name].dtype == values.dtype
    np.testing.assert_array_equal(dataset.column(folder, PARTS, "seats"), whole.features["seats"])
    np.testing.assert_array_equal(dataset.column(folder, PARTS, "label"), whole.label)


def test_a_column_of_the_request_is_read_when_it_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then no file is opened for it, afterwards none again; a part of the rows waits likewise."""
    opened: list[Sequence[str] | None] = []

    def read_columns(path: Path, columns: Sequence[str] | None = None) -> dict[str, Array]:
        opened.append(columns)
        return storage.read_columns(path, columns)

    monkeypatch.setattr(dataset, "read_columns", read_columns)
    rows = dataset.read(folder, PARTS, ["flight", "origin"], ["seats"])
    some = rows.take(slice(1, 4))
    assert not any("request.flight" in (names or ()) for names in opened)
    opened.clear()
    for _ in range(2):
        np.testing.assert_array_equal(some.request["flight"], [2, 3, 3])
    assert opened == [["request.flight"]] * len(PARTS)
    with pytest.raises(KeyError, match="tailnum"):
        some.request["tailnum"]


def test_many_columns_take_few_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many columns is opened a few times, one after another or all of a request; long ones one at a time."""
    names = [f"c{number}" for number in range(100)]
    columns = {name: np.arange(4) + number for number, name in enumerate(names)}
    wide = Prepared(columns, columns, np.arange(4.0), None, (4,))
    storage.write_columns(wide.as_columns(), tmp_path / "wide.parquet")
    opened: list[int] = []

    def read_columns(path: Path, asked: Sequence[str] | None = None) -> dict[str, Array]:
        opened.append(len(asked or ()))
        return storage.read_columns(path, asked)

    monkeypatch.setattr(dataset, "read_columns", read_columns)
    found = dict(dataset.by_column(tmp_path, ["wide"], [*names, "label"]))
    assert opened == [1, 100]
    assert [*found] == [*names, "label"]
    whole = dataset.read(tmp_path, ["wide"], names, []).request.copy()  # type: ignore[attr-defined]
    assert opened[2:] == [2, 1, 2, 4, 8, 16, 32, 37]
    for name, values in columns.items():
        np.testing.assert_array_equal(found[name], values)
        np.testing.assert_array_equal(whole[name], values)
    opened.clear()
    monkeypatch.setattr(dataset, "AT_ONCE", 4)
    assert len(dict(dataset.by_column(tmp_path, ["wide"], names))) == 100
    assert {*opened} == {1}


def test_columns_of_the_request_are_joined_and_copied_as_those_of_a_dict(folder: Path) -> None:
    """A use case may join them from either side with others, whose columns win on the right, and change a copy."""
    request = dataset.read(folder, PARTS, ["flight", "origin"], []).request
    other = {"flight": np.zeros(5)}
    assert (request | other)["flight"] is other["flight"]  # type: ignore[operator]
    assert (other | request)["flight"] is request["flight"]  # type: ignore[operator]
    assert (request | other).keys() == {"flight", "origin"}  # type: ignore[operator]
    copied = request.copy()  # type: ignore[attr-defined]
    copied["flight"] = other["flight"]
    assert request["flight"] is not other["flight"]
