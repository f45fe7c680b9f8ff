"""What workers counted comes to one page and one word, and no number of it ever falls."""

from typing import Any

from mainline.serving.answering.metrics import Histogram, Page, render
from mainline.serving.workers.totals import Pages, Reports


def page(answered: int, waiting: int, version: str = "v1", failing: int = 0, reach: int = 7) -> Page:
    """Return a worker's page."""
    made, histogram = Page(), Histogram((0.5,))
    for _ in range(answered):
        histogram.observe(0.1)
    made.add("answered_total", "counter", "Answers.", [({"version": version}, answered)])
    made.add_histogram("seconds", "Time.", [({"version": version}, histogram)])
    made.add("waiting", "gauge", "Rows.", [({}, waiting)], "sum")
    made.add("failing", "gauge", "Failing.", [({}, failing)])
    made.add("reach", "gauge", "Reach.", [({}, reach)], "min")
    return made


def served(revision: int, requests: int, instance: str = "a", version: str = "v1") -> Any:
    """Return what a worker says of one version."""
    counters = {
        "instance": instance, "requests": requests, "failed": 1, "invalid": 0, "mirrored": 0,
        "seconds": {"0.5": requests, "inf": 0}, "predictions": {"3": requests, instance: 1},
        "pairs": {"number": requests, "sum": 0.5, "squares": 0.25},
    }  # fmt: skip
    return {"process": "worker", "revision": revision, "versions": {version: counters}}


def test_counters_and_histograms_add_up_and_gauges_as_declared() -> None:
    """Of two workers a counter is the sum, a gauge the sum, the largest or the smallest."""
    text = render(Pages().total([page(2, 5, failing=1).families, page(3, 6, reach=4).families])).decode()
    assert 'answered_total{version="v1"} 5\n' in text
    assert 'seconds_bucket{version="v1",le="0.5"} 5\n' in text
    assert 'seconds_count{version="v1"} 5\n' in text
    assert "\nwaiting 11\nfailing_" not in text
    assert [line for line in text.splitlines() if line[0] != "#"][-3:] == ["waiting 11", "failing 1", "reach 4"]


def test_counts_of_a_worker_that_ended_stay() -> None:
    """Counters of a worker that ended stay in the sum; its gauges are gone with it."""
    pages = Pages()
    pages.retire(page(2, 5).families)
    pages.retire(page(4, 1).families)
    text = render(pages.total([page(3, 6).families])).decode()
    assert 'answered_total{version="v1"} 9\n' in text
    assert "\nwaiting 6\n" in text


def test_versions_that_nobody_serves_are_left_out() -> None:
    """A version that only a worker which ended had served is on no page."""
    pages = Pages()
    pages.retire(page(2, 5, 'v"0').families)
    text = render(pages.total([page(3, 6).families])).decode()
    assert "v1" in text
    assert 'v\\"0' not in text


def test_word_has_the_oldest_revision() -> None:
    """A revision is served once every worker serves it."""
    reports = Reports("server")
    assert reports.total() is None
    reports.take(0, served(4, 10), {"v1": "d"})
    reports.take(1, served(3, 20), {"v1": "d"})
    assert reports.total()["revision"] == 3  # type: ignore[index]
    reports.take(1, served(4, 20), {"v1": "d"})
    assert reports.total()["revision"] == 4  # type: ignore[index]


def test_worker_has_said_something_until_it_ends() -> None:
    """A worker that is started again has said nothing until it does."""
    reports = Reports("server")
    reports.take(0, served(4, 10), {"v1": "d"})
    assert (reports.has(0), reports.has(1)) == (True, False)
    reports.retire(0)
    assert not reports.has(0)


def test_word_adds_up_what_was_counted() -> None:
    """Requests, latencies, predictions and pairs of all workers come to one number each."""
    reports = Reports("server")
    reports.take(0, served(4, 10), {"v1": "d"})
    reports.take(1, served(4, 20, "b"), {"v1": "d"})
    total = reports.total()
    assert total is not None
    counters = total["versions"]["v1"]
    assert (total["process"], counters["requests"], counters["failed"]) == ("server", 30, 2)
    assert counters["seconds"] == {"0.5": 30, "inf": 0}
    assert counters["predictions"] == {"3": 30, "a": 1, "b": 1}
    assert counters["pairs"] == {"number": 30, "sum": 1.0, "squares": 0.5}


def test_worker_that_ends_costs_the_rollout_nothing() -> None:
    """The next worker counts from zero, loaded anew; the server's word goes on where it was."""
    reports = Reports("server")
    reports.take(0, served(4, 10), {"v1": "d"})
    reports.take(1, served(4, 20, "b"), {"v1": "d"})
    before: Any = reports.total()
    reports.retire(1)
    reports.take(1, served(4, 5, "c"), {"v1": "d"})
    after: Any = reports.total()
    assert after["versions"]["v1"]["requests"] == 35
    assert (after["process"], after["versions"]["v1"]["instance"]) == (
        before["process"], before["versions"]["v1"]["instance"],
    )  # fmt: skip


def test_another_package_under_a_version_s_name_counts_by_itself() -> None:
    """Where a version's name goes over to another package, counts of the former one are not in its own."""
    reports = Reports("server")
    reports.take(0, served(4, 10), {"v1": "old"})
    before: Any = reports.total()
    reports.take(0, served(5, 3, "b"), {"v1": "new"})
    after: Any = reports.total()
    assert after["versions"]["v1"]["requests"] == 3
    assert after["versions"]["v1"]["instance"] != before["versions"]["v1"]["instance"]
