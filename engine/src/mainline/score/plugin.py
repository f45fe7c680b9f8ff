"""What `make test` adds to pytest: a record of which tests ran on which code, and with which result.

Loaded by `-p mainline.score.plugin`. The record says what the code was when the tests began.
"""

import pytest

from mainline.repository import record


class Recorder:
    """Collects the outcome of each test; the worst of its set-up, call and clean-up counts."""

    def __init__(self) -> None:
        self.begun = record.begin()
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what became of a part of a test."""
        name = report.nodeid[:600]
        if self.found.get(name, "passed") == "passed":
            self.found[name] = report.outcome

    def pytest_sessionfinish(self) -> None:
        """Write the record; one of an edit while the tests ran would be of no code."""
        if self.begun is not None and self.begun.code == record.code():
            record.keep(record.TESTS, self.begun, self.found)


def pytest_configure(config: pytest.Config) -> None:
    """Begin a record."""
    config.pluginmanager.register(Recorder(), "mainline-record")
