"""An excerpt of the requests: the declared ones, replayed as those of the store, and nothing else of what was sent."""

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from mainline.errors import MainlineError
from mainline.monitoring import rollup
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from mainline.replay import contenders, excerpt, masking, sample
from mainline.replay.examination import replay
from mainline.replay.excerpt import ExcerptError
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.mainline.replay.conftest import ask
from usecase import interface

N = 500


def packed(store: Store, packaged: Packaged, *hide: str, before: bytes | None = None, **policy: Any) -> bytes:
    """Return an excerpt of some requests without some fields."""
    asked = ask(requests=N, **policy)
    found = excerpt.pack(store, before, {packaged.digest: packaged}, asked.policy, hide)
    assert found is not None
    return found


def unpacked(content: bytes, folder: Path) -> Store:
    """Return it as a store."""
    store = Store(folder / "unpacked")
    excerpt.unpack(content, store)
    return store


def readable(content: bytes) -> str:
    """Return all that can be read of an excerpt: names, records, each column of the rows, and the bytes themselves."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    tables = [pq.read_table(io.BytesIO(part)) for name, part in parts.items() if name.endswith(".parquet")]
    texts = [str(value) for table in tables for column in table.columns for value in column.to_pylist()]
    return "\n".join([*parts, *texts, *(part.decode(errors="replace") for part in parts.values())])


def test_an_excerpt_is_replayed_as_the_store_is(
    store: Store, packaged: Packaged, candidate: Packaged, tmp_path: Path
) -> None:
    """The same requests move by as much, and as many were logged; logged answers come out again."""
    asked, known = ask(requests=N), {packaged.digest: packaged}
    here, _ = replay(store, known, candidate, packaged, asked)
    there, reason = replay(unpacked(packed(store, packaged), tmp_path), known, candidate, packaged, asked)
    assert here is not None, "the store has rows"
    assert there is not None, reason
    assert there == here
    assert there.requests == N


def test_nothing_of_a_hidden_field_is_in_an_excerpt(store: Store, packaged: Packaged, flights: Month) -> None:
    """Neither in rows, records and names, nor in bytes; nor are ids and keys, which name a client."""
    tails = sorted(set(flights.request["tailnum"].tolist()) - {""})
    text = readable(packed(store, packaged, "tailnum"))
    assert [value for value in tails if value in text] == []
    assert "client" not in text
    ids = [str(day) for day in np.unique(flights.moment // 1440)]
    assert [value for value in ids if f"\n{value}\n" in text] == []
    shown = readable(packed(store, packaged))
    assert [value for value in tails if value in shown], "without a declaration they are there, so the test can see"
    assert "JFK" in text


def test_a_field_that_repeats_a_hidden_one_is_hidden(store: Store, packaged: Packaged, tmp_path: Path) -> None:
    """The same values under another name would tell as much."""
    copied = Store(tmp_path / "copied")
    for path in store.folder.rglob("*"):
        target = copied.folder / path.relative_to(store.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            place = table.schema.get_field_index("input.tailnum")
            pq.write_table(table.set_column(place, "input.tailnum", table["input.dest"]), target)
        elif path.is_file():
            target.write_bytes(path.read_bytes())
    text = readable(packed(copied, packaged, "dest"))
    assert "\nLAX\n" not in text
    assert "\nLAX\n" in readable(packed(copied, packaged, "carrier"))


def test_no_value_is_copied_where_an_excerpt_is_made(
    store: Store, packaged: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder for half-made things has links alone while it works, and is gone afterwards."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    seen: list[Path] = []
    pack = excerpt._pack

    def look(joined: Store, *arguments: Any) -> bytes | None:
        seen.extend(path for path in joined.folder.rglob("*.parquet") if not path.is_symlink())
        assert not any("LAX" in path.read_text() for path in joined.folder.rglob("*.json")), "a record has values"
        return pack(joined, *arguments)

    monkeypatch.setattr(excerpt, "_pack", look)
    packed(store, packaged)
    assert seen == []
    assert list(tmp_path.iterdir()) == []


def test_the_same_requests_give_the_same_bytes(store: Store, packaged: Packaged) -> None:
    """So that a file that is named by its content is sent once."""
    first = packed(store, packaged)
    assert packed(store, packaged) == first
    assert packed(store, packaged, before=first) == first


def test_rows_of_other_machines_stay(store: Store, packaged: Packaged, flights: Month, tmp_path: Path) -> None:
    """A second server adds its own, takes nothing away, and the rule chooses among both."""
    later = months.write_log(flights.choose(flights.moment % 2 == 0), tmp_path / "log", writer="0123abcd")
    other = Store(tmp_path / "other")
    rollup.roll(later.parent, other, {packaged.digest: packaged})
    known = {packaged.digest: packaged}
    both = unpacked(packed(other, packaged, before=packed(store, packaged)), tmp_path)
    taken = sample.take(both, known, ask(requests=10 * N).policy)
    assert {record.name[28:36] for record in both.records().values()} == {"abcdef01", "0123abcd"}
    assert taken.requests == N
    writers = {str(name)[-60:] for name in sample.choose(both, sample.newest(both, 40), known, ask().policy)["file"]}
    assert len({name for name in writers if "abcdef01" in name}) > 0
    assert len({name for name in writers if "0123abcd" in name}) > 0


def test_more_than_the_limit_takes_fewer_requests(
    store: Store, packaged: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of them, and half again, until the file is small enough."""
    whole = packed(store, packaged)
    monkeypatch.setattr(excerpt, "MAX_BYTES", len(whole) - 1)
    less = unpacked(packed(store, packaged), tmp_path)
    assert sample.take(less, {packaged.digest: packaged}, ask(requests=N).policy).requests == N // 2


def test_without_a_request_there_is_no_excerpt(tmp_path: Path, packaged: Packaged, store: Store) -> None:
    """Nothing was rolled up, or its package is unknown, so that nobody knows what it hides."""
    policy = ask().policy
    assert excerpt.pack(Store(tmp_path / "none"), None, {packaged.digest: packaged}, policy, ()) is None
    assert excerpt.pack(store, None, {}, policy, ()) is None


@pytest.mark.parametrize("damage", ["torn", "no zip", "path", "record"])
def test_another_file_is_refused(store: Store, packaged: Packaged, tmp_path: Path, damage: str) -> None:
    """One line, and nothing outside of the folder is written."""
    content = packed(store, packaged)
    changed = {
        "torn": lambda: content[: len(content) // 2],
        "no zip": lambda: b"PK" + content[100:200],
        "path": lambda: _change(content, lambda text: text.replace("rows/", "../rows/")),
        "record": lambda: _change(content, lambda text: text[:-5]),
    }[damage]()
    with pytest.raises(ExcerptError, match="the excerpt of requests"):
        excerpt.unpack(changed, Store(tmp_path / "store"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert packed(store, packaged, before=changed) == content, "who makes the next one goes on without it"


def _change(content: bytes, change: Any) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change(part.decode()) if name.endswith(".json") else part)
    return written.getvalue()


def test_a_version_that_needs_what_is_hidden_says_so(
    store: Store, packaged: Packaged, candidate: Packaged, tmp_path: Path
) -> None:
    """Its field has no value in the excerpt, so nothing can be asked again, and the reason names it."""
    there = unpacked(packed(store, packaged, "dest"), tmp_path)
    found, reason = replay(there, {packaged.digest: packaged}, candidate, packaged, ask(hide=["dest"]))
    assert found is None
    assert "has no dest: it is hidden" in reason


def test_a_file_of_rows_that_is_torn_is_named(
    store: Store, packaged: Packaged, candidate: Packaged, tmp_path: Path
) -> None:
    """One line with what to do, and without its file the others are replayed."""
    there = unpacked(packed(store, packaged), tmp_path)
    (file, *_) = there.folder.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(Exception, match=rf"{file.name} cannot be read. Remove it"):
        replay(there, {packaged.digest: packaged}, candidate, packaged, ask())
    file.unlink()
    found, _ = replay(there, {packaged.digest: packaged}, candidate, packaged, ask())
    assert found is None or found.requests < N


def test_rows_that_are_here_count_more_than_an_excerpt(store: Store, packaged: Packaged, tmp_path: Path) -> None:
    """Whoever has the log replays it; a machine without takes what the release had."""
    file = tmp_path / "requests.zip"
    bare = Store(tmp_path / "bare")
    assert contenders.of_release(bare, file, 40, tmp_path / "scratch") is bare
    file.write_bytes(packed(store, packaged))
    assert contenders.of_release(store, file, 40, tmp_path / "scratch") is store
    found = contenders.of_release(bare, file, 40, tmp_path / "scratch")
    assert sample.take(found, {packaged.digest: packaged}, ask(requests=10 * N).policy).requests == N


def test_an_excerpt_that_is_damaged_is_left_out(
    store: Store, packaged: Packaged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line says so, and the replay goes on with what is here."""
    file, bare = tmp_path / "requests.zip", Store(tmp_path / "bare")
    file.write_bytes(packed(store, packaged)[:1000])
    assert contenders.of_release(bare, file, 40, tmp_path / "scratch") is bare
    assert "The requests of a release are left out: the excerpt of requests cannot be read" in capsys.readouterr().out


def test_nothing_leaves_before_somebody_said_who_is_a_person(packaged: Packaged) -> None:
    """What of the rows may leave is for a person to say."""
    silent = SimpleNamespace(LABEL=interface.LABEL)
    with pytest.raises(MainlineError, match="does not say which fields are of a person"):
        masking.hidden_elsewhere(silent, [packaged], ask().policy, "deploy/production.yaml")  # type: ignore[arg-type]


def test_ids_differ_from_row_to_row(store: Store, packaged: Packaged, tmp_path: Path) -> None:
    """They choose the rows of an excerpt again, so two of one moment must not be taken for one."""
    there = unpacked(packed(store, packaged), tmp_path)
    rows = pd.concat([pq.read_table(path).to_pandas() for path in there.folder.rglob("*.parquet")])
    assert not rows.duplicated(sample.NAMED).any()
