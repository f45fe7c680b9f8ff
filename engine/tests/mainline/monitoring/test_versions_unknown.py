"""Versions that answered and that no registry knows, or whose package is not here: named, and not called good."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.exchange.place import Place
from mainline.monitoring import inspection, rollup, visit
from mainline.monitoring.inspection import Asked
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from tests.mainline.monitoring import logs
from tests.mainline.monitoring.machines import Lines, Machines

OTHER = "b2" * 32
NAMES = ["v9.9.9", "../../etc/passwd", "--upload-pack=touch x", "\x1b[31mred", ""]
"""Names of versions that no tag has; whoever may write the log or push the branch writes what they like."""


def asked() -> Asked:
    """Ask for support alone, long after the log was written."""
    return Asked(
        environment="production", policy=Monitoring(), evaluation=Evaluation(slice_min_rows=500), bias=5.0,
        slice_rows=500, until=datetime(2026, 3, 2, tzinfo=UTC), kind=None, fetch=None, written={},
    )  # fmt: skip


def test_name_without_a_tag_is_a_version_by_its_package(
    log: Path, store: Store, packaged: Packaged, lines: Lines
) -> None:
    """Rows count for the package that their digest names, whatever name stands beside it."""
    logs.write(log, logs.encode(*[logs.changed(line, version="v9.9.9") for line in lines]))
    found = inspection.inspect(log, store, {packaged.digest: packaged}, asked())
    (version,) = found.versions
    assert (version.version, version.rows, found.checks[0].verdict) == ("v9.9.9", len(lines), "pass")


@pytest.mark.parametrize("mixed", [False, True])
def test_version_whose_package_is_not_here_is_never_called_good(
    log: Path, store: Store, packaged: Packaged, lines: Lines, mixed: bool
) -> None:
    """Rows that another machine rolled up, alone or beside a known version: nobody can tell, and it is named."""
    other = Packaged({**packaged.manifest, "digest": OTHER}, packaged.contents)
    half = len(lines) // 2 if mixed else 0
    logs.write(log, logs.encode(*lines[:half], *[logs.changed(line, digest=OTHER) for line in lines[half:]]))
    rollup.roll(log, store, {packaged.digest: packaged, OTHER: other})
    found = inspection.inspect(None, store, {packaged.digest: packaged}, asked())
    assert (found.verdict, len(found.versions), found.checks[-1].verdict) == ("cannot tell", mixed, "cannot tell")
    said = f"v1.0.0 ({OTHER[:12]}) answered, and no package of it is here."
    assert said in found.checks[-1].reason
    assert found.checks[0].name == "log"
    assert mixed or found.headline.startswith(f"Nobody can tell: {said}")


@pytest.mark.parametrize("name", NAMES)
def test_name_that_no_tag_has_ends_no_look(
    machines: Machines, packaged: Packaged, package_dir: Path, lines: Lines, name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A machine without a log takes rows of such a version from the branch: one line of it, and no file of its name."""
    one, two = machines.start("one"), machines.start("two")
    one.packaged = Packaged({**packaged.manifest, "digest": OTHER}, packaged.contents)
    one.roll([logs.changed(line, digest=OTHER) for line in lines], "abcdef01")
    for path in (one.store.folder / "files").iterdir():
        record = next(iter(one.store.records().values()))
        days = [day.model_copy(update={"version": name}) for day in record.days]
        path.write_text(record.model_copy(update={"days": days}).model_dump_json())
    one.give()
    two.take()
    capsys.readouterr()
    found, _ = visit.make(asked(), Place(two.clone.path / "state"), two.store, [package_dir], None, share=True)
    assert found.verdict == "cannot tell"
    told = capsys.readouterr()
    assert "\x1b[31m" not in told.out + told.err
    assert (told.out + told.err).count(f"The package {OTHER[:12]} is not here: ") == 1
    assert not (two.store.folder / "packages").exists()
