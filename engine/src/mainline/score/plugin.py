"""What `make test` adds to pytest: a record of what ran on which code, and with which result.

Loaded by `-p mainline.score.plugin`. The record says what the code was when the tests began. It holds each test, and
each claim that a test tried, by the claim's own name: a test that is only called like one shows nothing.
"""

from collections.abc import Generator

import pytest

from mainline.claims import held
from mainline.repository import record
from mainline.score import assertions

_SILENT = "asserts nothing"


class Recorder:
    """Collects the outcome of each test and claim; the worst of a test's set-up, call and clean-up counts."""

    def __init__(self) -> None:
        self.begun = record.begin()
        self.found: dict[str, str] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Let the report say which claims the test tried, and whether it asserts anything; xdist sends it on."""
        held.OUTCOMES.clear()
        name = getattr(item, "originalname", None)  # what is not a function, such as a doctest, compares by itself
        if name and not assertions.has_any(item.path, name):
            item.user_properties.append((_SILENT, True))
        try:
            return (yield)
        finally:
            item.user_properties += [(f"{record.CLAIM}{name}", outcome) for name, outcome in held.OUTCOMES.items()]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what became of a part of a test."""
        said = dict(report.user_properties)
        is_silent = said.pop(_SILENT, False) and report.outcome == record.PASSED
        self._take(report.nodeid[:600], record.SILENT if is_silent else report.outcome)
        for name, outcome in said.items():
            if name.startswith(record.CLAIM):
                self._take(name, str(outcome))

    def pytest_sessionfinish(self) -> None:
        """Write the record; one of an edit while the tests ran would be of no code."""
        if self.begun is not None and self.begun.code == record.code():
            record.keep(record.TESTS, self.begun, self.found)

    def _take(self, name: str, outcome: str) -> None:
        if self.found.get(name, record.PASSED) in (record.PASSED, record.SILENT):
            self.found[name] = outcome


def pytest_configure(config: pytest.Config) -> None:
    """Begin a record."""
    config.pluginmanager.register(Recorder(), "mainline-record")
