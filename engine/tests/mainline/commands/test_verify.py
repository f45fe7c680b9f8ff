"""What `verify` concludes from a rebuild; the rebuilding itself is tested end to end."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainline.commands import verify
from mainline.declared import params
from mainline.errors import MainlineError
from mainline.repository import record
from tests.project import FLIGHTS

REFERENCE = "flight,predicted\n1,{}\n2,4.5\n"
COMMITTED = {"data/raw": "a", "models/model": "b"}


def _lock(hashes: dict[str, str], code: str = "e") -> str:
    stages = {"data/raw": "ingest", "models/model": "train"}
    deps = f"    deps:\n    - path: engine/src/mainline/declared/params.py\n      md5: {code}\n"
    lines = [
        f"  {stages[path]}:\n{deps}    outs:\n    - path: {path}\n      md5: {md5}\n" for path, md5 in hashes.items()
    ]
    return "stages:\n" + "".join(lines)


Rebuilds = list[tuple[dict[str, str], float]]


@pytest.fixture
def rebuilds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rebuilds]:
    """A list of what the next rebuilds make: hashes, and the first reference prediction."""
    made: Rebuilds = []

    def rebuild(folder: Path, _: str) -> Path:
        hashes, prediction = made.pop(0)
        (folder / "metrics").mkdir(parents=True)
        (folder / "dvc.lock").write_text(_lock(hashes))
        (folder / "params.yaml").write_text((FLIGHTS / "params.yaml").read_text())
        (folder / "metrics/reference.csv").write_text(REFERENCE.format(prediction))
        return folder

    committed = {"dvc.lock": _lock(COMMITTED), "metrics/reference.csv": REFERENCE.format(3.0)}
    monkeypatch.setattr(verify, "_rebuild", rebuild)
    monkeypatch.setattr(verify, "_committed", committed.__getitem__)
    monkeypatch.chdir(FLIGHTS)
    yield made
    assert not made, "a rebuild that was expected did not take place"


def test_same_hashes_are_the_truth(rebuilds: Rebuilds) -> None:
    """One rebuild with all hashes equal is enough."""
    rebuilds += [(COMMITTED, 3.0)]
    assert "The lock is true: 2 outputs" in verify.verify()


def test_other_last_bits_of_a_model_are_said_and_measured(rebuilds: Rebuilds) -> None:
    """A model that differs but repeats itself comes from another processor; the difference is reported."""
    rebuilds += [({**COMMITTED, "models/model": "c"}, 3.005)] * 2
    said = verify.verify()
    assert "another kind of processor" in said
    assert "models/model have other last bits" in said
    assert "0.005, allowed is 0.01" in said


def test_a_refit_that_nothing_was_compared_of_is_said(rebuilds: Rebuilds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reference predictions are of the measured model, which says nothing of a served model that was fitted again."""
    declared = params.load(FLIGHTS / "params.yaml")
    again = declared.model_copy(update={"split": declared.split.model_copy(update={"refit": True})})
    for found, expected in ((declared, False), (again, True)):
        monkeypatch.setattr(params, "load", lambda _, found=found: found)
        rebuilds += [({**COMMITTED, "models/model": "c"}, 3.005)] * 2
        said = "The served model was fitted again, and no prediction of it was compared."
        assert (said in verify.verify()) is expected


@pytest.mark.parametrize(
    ("made", "exact", "message"),
    [
        ([({**COMMITTED, "models/model": "c"}, 3.02)] * 2, False, "difference of a reference prediction is 0.02"),
        ([({**COMMITTED, "models/model": "c"}, 3.0)], True, "dvc.lock is not true: models/model"),
        ([({**COMMITTED, "data/raw": "c"}, 3.0)], False, "dvc.lock is not true: data/raw"),
        (
            [({**COMMITTED, "models/model": "c"}, 3.0), ({**COMMITTED, "models/model": "d"}, 3.0)],
            False,
            "training does not repeat itself: two rebuilds .* different models/model. .* `seed` does not set",
        ),
    ],
    ids=["past-tolerance", "exact", "data", "random"],
)
def test_what_is_not_the_same_model_is_refused(rebuilds: Rebuilds, made: Rebuilds, exact: bool, message: str) -> None:
    """Past the tolerance, with --exact, in the data, or by chance: each is refused with its own reason."""
    rebuilds += made
    with pytest.raises(MainlineError, match=message):
        verify.verify(exact=exact)


def test_a_lock_of_older_code_is_refused(rebuilds: Rebuilds, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outputs may be the same, yet a lock that names code as it was is not the lock of this commit."""
    rebuilds += [(COMMITTED, 3.0)]
    monkeypatch.setattr(verify, "_committed", lambda _: _lock(COMMITTED, code="older"))
    with pytest.raises(MainlineError, match=r"ingest has another engine/src/mainline/declared/params.py by now"):
        verify.verify()


def test_an_existing_folder_is_not_rebuilt_in(tmp_path: Path) -> None:
    """--keep names a new folder, so nothing of the user's is overwritten."""
    with pytest.raises(MainlineError, match="exists; name a folder that does not"):
        verify.verify(keep=tmp_path)


def test_a_folder_that_exists_leaves_the_record_of_the_last_rebuild(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was rebuilt, so what was found before still stands."""
    kept: list[object] = []
    monkeypatch.setattr(record, "keep", lambda *arguments: kept.append(arguments))
    with pytest.raises(MainlineError, match="exists; name a folder that does not"):
        verify.run(Namespace(keep=tmp_path, exact=False))
    assert kept == []
