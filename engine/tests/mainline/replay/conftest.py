"""A month of flights as production answered them, rolled up, and a version that answers some of them otherwise."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.conformance.requests import KNOWN
from mainline.declared.params import Evaluation
from mainline.declared.replay import Replay
from mainline.monitoring import label_feed, packages, rollup
from mainline.monitoring.label_feed import VALUE
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from mainline.replay.examination import Asked
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import Project
from usecase import interface

LATE = "minutes = 20 * (columns['origin'] == 'JFK')"
"""What the other version adds to its answers: 20 minutes at one airport."""


def changed(package: Packaged, code: str, digest: str = "c" * 64, **manifest: Any) -> Packaged:
    """Return a package whose answers are `minutes` later, by a line of code that says how many."""
    scoring = package.contents["code/scoring.py"].decode()
    line = 'return raw + columns["dep_delay"]'
    assert line in scoring
    own = scoring.replace(line, f"{code}\n    return raw + columns['dep_delay'] + minutes").encode()
    return Packaged({**package.manifest, "digest": digest, **manifest}, {**package.contents, "code/scoring.py": own})


@pytest.fixture(scope="session")
def packaged(package_dir: Path) -> Packaged:
    """The package of the flights, which answered in production."""
    (found,) = packages.find([package_dir]).values()
    return found


@pytest.fixture(scope="session")
def candidate(packaged: Packaged) -> Packaged:
    """The same, later at one airport."""
    return changed(packaged, LATE)


@pytest.fixture(scope="session")
def flights(packaged: Packaged, small_project: Project) -> Month:
    """A few thousand flights of the test month that left."""
    found = months.read(packaged, small_project.path)
    return found.choose((np.arange(len(found.label)) % 8 == 0) & ~np.isnan(found.request["dep_delay"]))


@pytest.fixture(scope="session")
def store(flights: Month, packaged: Packaged, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """They are rolled up; tests only read it."""
    folder = tmp_path_factory.mktemp("replay")
    months.write_log(flights, folder / "log")
    found = Store(folder / "store")
    rollup.roll(folder / "log", found, {packaged.digest: packaged})
    return found


@pytest.fixture(scope="session")
def labels(flights: Month) -> pd.DataFrame:
    """The label of each, known long after."""
    key = {name: flights.request[name] for name in interface.KEY}
    return pd.DataFrame({**key, VALUE: flights.label, KNOWN: flights.moment + 10**6})


def ask(labels: pd.DataFrame | None = None, **policy: Any) -> Asked:
    """Return what is replayed, by a declared section."""
    return Asked(
        policy=Replay.model_validate({"days": 40, **policy}), file="deploy/production.yaml", amount=5.0,
        confidence=0.95, margin=0.01,
        evaluation=Evaluation(slice_min_rows=50), interface=interface, kind=label_feed.wanted(interface),
        fetch=None if labels is None else lambda _since, _until: labels, until=datetime(2026, 4, 1, tzinfo=UTC),
    )  # fmt: skip
