"""The page of monitoring: what it shows, who may see it, what it costs, and how it looks in a real browser."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.service import Settings
from mainline.exchange import report as reports
from mainline.gate.findings import Plot, Point, Series
from mainline.monitoring import result, sections
from mainline.monitoring.result import Alarm, Day, Monitored, Promise, Track
from mainline.report import page as pages
from mainline.serving.answering import keys, routing
from mainline.serving.answering.model import Model
from mainline.serving.service import Service
from tests.browser import WIDTHS, Browser
from tests.mainline.monitoring import looks
from tests.mainline.serving.asking import Client

Rows = list[dict[str, Any]]


def found(days_ago: float = 0.1, text: str = "carrier: 3.0%") -> Monitored:
    """A look at production with an alarm and the picture of its last weeks."""
    until = (datetime.now(UTC) - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = Series(name="carrier", points=[Point(x=float(day), y=day * day / 900) for day in range(-20, 1)])
    plot = Plot(name="history", x="days up to 2013-10-07", y="share of rows", series=[line])
    version = looks.version(unseen_values="fail", missing_values="pass", skill="cannot tell")
    alarm = Alarm(version="v1.0.0", digest=version.digest, check="unseen values", opened=until, observed=text,
                  limit="1.0%", reason=text)  # fmt: skip
    version = version.model_copy(update={"tracks": [Track(check="unseen values", plot=plot)]})
    look = looks.look("2013-10-07", version)
    return look.model_copy(update={"until": until, "alarms": [alarm], "headline": f"Alarm in production: {text}"})


def write(look: Monitored, folder: Path) -> None:
    """Write a report as the command does."""
    path = result.write(look, folder)
    path.with_suffix(".html").write_text(pages.write(sections.describe(look)), encoding="utf-8")


@pytest.fixture
def looked_at(model: Model, tmp_path: Path) -> Callable[..., Client]:
    """Make a service that shows the reports of a folder."""

    def make(**section: Any) -> Client:
        file = tmp_path / "keys.yaml"
        key, admin = keys.make(file, "client", "predict"), keys.make(file, "boss", "admin")
        settings = Settings(keys=file, **section)
        service = Service(settings, routing.single(model), report=tmp_path / "report", silent_days=3)
        return Client(service, key, admin)

    return make


def test_page_is_the_last_report(looked_at: Callable[..., Client], tmp_path: Path) -> None:
    """The page is the file that monitoring wrote, to the byte, and the next one as soon as it is there."""
    write(found(), tmp_path / "report")
    client = looked_at()
    reply = client.ask("/monitor", key=client.admin)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert reply.body == (tmp_path / "report/monitoring.html").read_bytes()
    write(found(text="origin: 4.0%"), tmp_path / "report")
    client.service.poll()
    assert b"origin: 4.0%" in client.ask("/monitor", key=client.admin).body


def test_page_asks_for_the_key_that_metrics_ask_for(looked_at: Callable[..., Client], tmp_path: Path) -> None:
    """Without an administrator's key nobody sees it; with open_monitor everybody does, and nothing else opens."""
    write(found(), tmp_path / "report")
    client = looked_at()
    asked = [client.ask(path, key=key).status for path in ("/monitor", "/metrics") for key in ("", client.key)]
    assert asked == [401, 403, 401, 403]
    opened = looked_at(open_monitor=True)
    assert [opened.ask(path, key="").status for path in ("/monitor", "/metrics", "/rollout")] == [200, 401, 401]


def test_without_a_report_the_answer_says_who_writes_it(looked_at: Callable[..., Client], tmp_path: Path) -> None:
    """Before the first look the page is not there and metrics say nothing of monitoring; it comes with the look."""
    client = looked_at()
    reply = client.ask("/monitor", key=client.admin)
    assert (reply.status, reply.kind) == (404, "not-found")
    assert "`./mainline monitor` writes the report" in reply.json["detail"]
    assert b"mainline_monitor" not in client.ask("/metrics", key=client.admin).body
    write(found(), tmp_path / "report")
    client.service.poll()
    assert client.ask("/monitor", key=client.admin).status == 200


def test_old_report_says_that_it_is_old(looked_at: Callable[..., Client], tmp_path: Path) -> None:
    """After the declared days without a look the page begins with that; within them it does not."""
    write(found(days_ago=2.9), tmp_path / "report")
    client = looked_at()
    assert b"Nobody has looked" not in client.ask("/monitor", key=client.admin).body
    write(found(days_ago=9), tmp_path / "report")
    client.service.poll()
    body = client.ask("/monitor", key=client.admin).body
    assert b"Nobody has looked at production for 9 days; 3 are declared" in body


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('{"until": "soon"}', "not a report of monitoring"),
        ('{"verdict": "pass", "until": "2013-10-07T12:00:00", "environment": "production", "alarms": []}', "zone"),
        ("[" * 100_000, "not a report of monitoring"),
    ],
)
def test_report_that_is_not_one_leaves_the_one_before(
    looked_at: Callable[..., Client], tmp_path: Path, document: str, said: str
) -> None:
    """Whatever is in the files, predictions are answered and the report before stays; the log says why."""
    write(found(), tmp_path / "report")
    client = looked_at()
    before = client.ask("/monitor", key=client.admin).body
    (tmp_path / "report/monitoring.json").write_text(document)
    (tmp_path / "report/monitoring.html").write_text("<p>other</p>")
    client.service.poll()
    assert client.service.metrics.failures == {"report": 1}
    assert client.ask("/monitor", key=client.admin).body == before
    with pytest.raises(ValueError, match=said):
        reports.read(tmp_path / "report/monitoring.html")


def test_report_larger_than_is_held_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's memory does not grow with what somebody writes there."""
    write(found(), tmp_path)
    monkeypatch.setattr(reports, "LARGEST", 1000)
    with pytest.raises(ValueError, match="more than 1,000 bytes"):
        reports.read(tmp_path / "monitoring.html")


def test_request_for_the_page_reads_no_file(looked_at: Callable[..., Client], tmp_path: Path) -> None:
    """The page is answered from memory: a report that was removed since stays until the next look at files."""
    write(found(), tmp_path / "report")
    client = looked_at()
    (tmp_path / "report/monitoring.html").unlink()
    assert client.ask("/monitor", key=client.admin).status == 200
    client.service.poll()
    assert client.ask("/monitor", key=client.admin).status == 404


def test_metrics_tell_what_monitoring_found(looked_at: Callable[..., Client], tmp_path: Path) -> None:
    """Prometheus sees when production was looked at, what came of it, and each open alarm."""
    look = found()
    write(look, tmp_path / "report")
    client = looked_at()
    lines = client.ask("/metrics", key=client.admin).body.decode().splitlines()
    seen = int(datetime.fromisoformat(look.until).timestamp())
    for expected in (
        f"mainline_monitor_seen_seconds {seen}",
        'mainline_monitor_verdict{verdict="fail"} 1',
        'mainline_monitor_verdict{verdict="cannot tell"} 0',
        'mainline_monitor_alarm{version="v1.0.0",check="unseen values"} 1',
    ):
        assert expected in lines


def test_alarm_is_open_if_one_of_two_packages_of_a_version_name_has_it(
    looked_at: Callable[..., Client], tmp_path: Path
) -> None:
    """The name of a version is no name of a package: an open alarm is not hidden by one that waits to be closed."""
    look = found()
    (alarm,) = look.alarms
    waits = alarm.model_copy(update={"digest": "c3" * 32, "quiet_since": look.until})
    line = 'mainline_monitor_alarm{version="v1.0.0",check="unseen values"} '
    for number, both in enumerate(([alarm, waits], [waits, alarm], [waits, waits])):
        write(look.model_copy(update={"alarms": both}), tmp_path / "report")
        client = looked_at()
        lines = client.ask("/metrics", key=client.admin).body.decode().splitlines()
        assert [one for one in lines if one.startswith(line)] == [f"{line}{int(number < 2)}"]


def test_page_fits_every_width(browser: Browser) -> None:
    """From a small phone to a wide screen nothing sticks out, and nothing foreign is made, also of an old report."""
    texts = ("carrier: 3.0%", "W" * 300, "<img src=x onerror=alert(1)> <main> " * 10)
    looks_of = [found(days_ago=9, text=text) for text in texts]
    made = [pages.write(sections.describe(look)).encode() for look in looks_of]
    summary: Any = {"environment": "production", "until": looks_of[0].until, "verdict": "fail", "alarms": []}
    shown = [reports.Report(page, summary).shown(datetime.now(UTC).timestamp(), 3).decode() for page in made]
    assert all("Nobody has looked" in page for page in shown)
    for width, one in zip(WIDTHS * len(shown), browser.measure(shown), strict=True):
        assert one["scrolled"] <= one["width"] == width
        assert (one["foreign"], one["links"], one["border"]) == (0, 0, "6px")


def test_tables_fit_a_phone(browser: Browser) -> None:
    """Events by day and what the gate promised are seen whole, and no word of the page is broken."""
    look = found()
    (version,) = look.versions
    day = Day(day="2013-10-07", events=912, labelled=889, metric=39.123, baseline=41.3332, bias=-1.2345)
    promise = Promise(
        version="v1.10.0", digest=version.digest, until=look.until, metric="rmse", promised=38.12,
        promised_ratio=0.934, came=39.91, came_ratio=0.951, events=12_345, age=31,
    )  # fmt: skip
    version = version.model_copy(update={"days": [day]})
    look = look.model_copy(update={"versions": [version], "promises": [promise]})
    for measured in browser.measure([pages.write(sections.describe(look))]):
        assert measured["broken"] == []
        assert measured["cut"] == 0 or measured["width"] < 390
