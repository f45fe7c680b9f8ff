"""API keys: hashes in a file, buckets in memory."""

import hashlib
import hmac
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from mainline.declared.service import Throttle
from mainline.errors import ParamsError
from mainline.serving.answering import keys
from mainline.serving.answering.keys import Bucket

THROTTLE = Throttle(requests_per_second=10.0, burst=2)


def test_made_key_opens_and_its_text_is_nowhere(tmp_path: Path) -> None:
    """A new key is found by its header; the file holds its hash and not the key."""
    file = tmp_path / "keys.yaml"
    key, admin = keys.make(file, "client", "predict"), keys.make(file, "boss", "admin")
    held = keys.load(file, THROTTLE)
    found = held.find(f"Bearer {key}".encode())
    assert found is not None
    assert (found.name, found.role) == ("client", "predict")
    assert held.find(f"bearer  {admin}".encode()) is not None
    text = file.read_text()
    assert key not in text
    assert key.rpartition("_")[2] not in text
    assert hashlib.sha256(key.encode()).hexdigest() in text


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic {key}", "{key}", "Bearer {key}x", "Bearer {short}", "Bearer {other}",
     "Bearer {key} ", "Bearer mainline_000000000000_{secret}", "Bearer \xff"],
)  # fmt: skip
def test_other_headers_open_nothing(tmp_path: Path, header: str) -> None:
    """A header that is not exactly a key of the file is nobody's."""
    key = keys.make(tmp_path / "keys.yaml", "client", "predict")
    given = header.format(key=key, short=key[:-1], other=key[:-1] + ("A" if key[-1] != "A" else "B"), secret=key[22:])
    assert keys.load(tmp_path / "keys.yaml", THROTTLE).find(given.encode("latin-1")) is None


def test_unknown_and_wrong_keys_are_compared_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose id is unknown is compared as often as one whose secret is wrong, by the constant-time function."""
    key = keys.make(tmp_path / "keys.yaml", "client", "predict")
    held = keys.load(tmp_path / "keys.yaml", THROTTLE)
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or False)
    for given in (key, key.replace("mainline_", "mainline_0", 1)[:-1], "mainline_" + "0" * 12 + "_" + "x" * 43):
        held.find(f"Bearer {given}".encode())
    assert len(compared) >= 2
    assert {len(part) for pair in compared for part in pair} == {32}


def test_without_a_file_nobody_has_a_key(tmp_path: Path) -> None:
    """Where nothing is declared, nothing is allowed."""
    assert not keys.load(tmp_path / "none.yaml", THROTTLE).by_id


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha256": "abc"}, r"keys\.0\.sha256: is 'abc'"),
        ({"rol": "admin"}, r"keys\.0\.rol: is not a known key; did you mean 'role'\?"),
        ({"role": "root"}, r"keys\.0\.role: is 'root'"),
    ],
)
def test_mistake_in_the_file_is_named(tmp_path: Path, change: dict[str, str], message: str) -> None:
    """An entry that is not whole is an error with its place."""
    file = tmp_path / "keys.yaml"
    keys.make(file, "client", "predict")
    declared = yaml.safe_load(file.read_text())
    declared["keys"][0] |= change
    file.write_text(yaml.safe_dump(declared))
    with pytest.raises(ParamsError, match=message):
        keys.load(file, THROTTLE)


def test_id_twice_is_refused(tmp_path: Path) -> None:
    """Two entries of one id would leave open which counts."""
    file = tmp_path / "keys.yaml"
    keys.make(file, "client", "predict")
    declared = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({"keys": declared["keys"] * 2}))
    with pytest.raises(ParamsError, match="hold an id twice"):
        keys.load(file, THROTTLE)


def test_name_must_be_plain(tmp_path: Path) -> None:
    """A name that could not be read back is refused before a key is made."""
    with pytest.raises(ParamsError, match=r"key\.name: is 'a b'"):
        keys.make(tmp_path / "keys.yaml", "a b", "predict")
    assert not (tmp_path / "keys.yaml").exists()


def test_bucket_gives_burst_then_rate() -> None:
    """At once there are `burst` tokens, then `rate` a second; who finds none is told how long to wait."""
    bucket = Bucket(rate=10, burst=2)
    start = bucket.cell[1]
    assert [bucket.take(start) for _ in range(2)] == [0, 0]
    assert bucket.take(start) == pytest.approx(0.1)
    assert bucket.take(start + 0.06) == pytest.approx(0.04)
    assert bucket.take(start + 0.11) == 0
    assert [bucket.take(start + 100) == 0 for _ in range(3)] == [True, True, False]


def test_reading_the_file_again_fills_no_bucket(tmp_path: Path) -> None:
    """A key that stays keeps its bucket; one whose rate changed has a new one."""
    file = tmp_path / "keys.yaml"
    key = keys.make(file, "client", "predict")
    before = keys.load(file, THROTTLE)
    keys.make(file, "other", "predict")
    after = keys.load(file, THROTTLE, before)
    old, new = (held.find(f"Bearer {key}".encode()) for held in (before, after))
    assert old is not None
    assert new is not None
    assert new.bucket is old.bucket
    faster = keys.load(file, Throttle(requests_per_second=20.0, burst=2), after).find(f"Bearer {key}".encode())
    assert faster is not None
    assert faster.bucket is not old.bucket


def test_keys_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    """Of many that are made at once none is lost: each reads what the one before has written."""
    file, together = tmp_path / "new" / "keys.yaml", threading.Barrier(12)

    def make(number: int) -> str:
        together.wait()
        return keys.make(file, f"client-{number}", "predict")

    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(make, range(12)))
    loaded = keys.load(file, Throttle())
    assert all(loaded.find(f"Bearer {key}".encode()) for key in made)
    assert [path.name for path in file.parent.iterdir()] == ["keys.yaml"]
