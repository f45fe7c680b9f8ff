"""The flights to come, day by day: what clients ask, what the feed of feature tables holds, how flights turned out."""

import http.client
import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from mainline.contract import Field
from mainline.data import columns, dataset
from mainline.data.columns import DAY
from mainline.monitoring import packages
from tests.end_to_end import whole_loop
from tests.end_to_end.drift_world import BEGIN, PREPARED, Story

LOST = BEGIN + timedelta(2)
"""The day on which the weather feed names airports by another code; on the next it is mended."""
KNOWN_DAYS = 2
"""A flight's delay becomes known at noon, so many days after its scheduled day."""
KEY, LABEL = ["time_hour", "carrier", "flight", "origin"], "arr_delay"
MOVING = ("schedule", "weather", "departures", "origin_arrivals", "dest_arrivals")
_ROWS = 60
_WRITTEN = re.compile(r"^mainline_log_rows_total\{.*\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Flights:
    """n labelled flights in the order of departure; `moment`, shape (n,), is minutes since 1970 UTC."""

    fields: tuple[Field, ...]
    request: Mapping[str, Any]
    label: Any
    moment: Any
    tables: Mapping[str, pd.DataFrame]

    def rows(self, day: date) -> tuple[list[dict[str, Any]], Any]:
        """Return the requests of a day, and the moment of each."""
        chosen = self.moment // DAY == _number(day)
        asked = {name: values[chosen] for name, values in self.request.items()}
        return columns.to_rows(asked, self.fields), self.moment[chosen]

    def labels(self, scheduled: date) -> pd.DataFrame:
        """Return how the flights of a scheduled day turned out, and when that was known."""
        chosen = self.request["time_hour"] // DAY == _number(scheduled)
        found = pd.DataFrame({name: self.request[name][chosen] for name in KEY})
        hours = pd.to_datetime(found["time_hour"] * 60, unit="s", utc=True)
        found["time_hour"] = hours.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        known = f"{scheduled + timedelta(KNOWN_DAYS)}T12:00:00Z"
        return found.assign(**{LABEL: self.label[chosen], "known_at": known})


def read(story: Story) -> Flights:
    """Read what the pipeline made of the weeks to come."""
    (packaged,) = packages.find([story.project.path / "models/package"]).values()
    fields = tuple(packaged.request)
    rows = dataset.read(story.future.path / dataset.FOLDER, PREPARED, [one.name for one in fields], [])
    moment = packaged.predictor.features.prediction_time(rows.request)
    order = np.argsort(moment, kind="stable")
    rows = rows.take(order)
    folder = story.future.path / "data/tables"
    tables = {
        name: pd.concat([pd.read_parquet(folder / name / f"{week}.parquet") for week in PREPARED], ignore_index=True)
        for name in MOVING
    }
    return Flights(fields, rows.request, rows.label, moment[order], tables)


def feed(story: Story, flights: Flights, day: date) -> None:
    """Write the rows of the moving tables of a day and the two before, and wait until every version has them."""
    before = _reach(story)
    write_feed(story, flights, day)

    def is_taken() -> bool:
        now = _reach(story)
        return all(now.get(place) != until for place, until in before.items())

    story.wait(is_taken, "the feed is taken in")


def write_feed(story: Story, flights: Flights, day: date) -> None:
    """Write the feed; on one day it names airports by four letters, as the weather service does."""
    for name, table in flights.tables.items():
        rows = table[(table["time"] >= (_number(day) - 2) * DAY) & (table["time"] < (_number(day) + 1) * DAY)]
        if name == "weather" and day == LOST:
            rows = rows.assign(key="K" + rows["key"].astype("str"))
        whole = story.folder / "feed" / f"{name}.partial"
        rows.to_csv(whole, index=False)
        whole.rename(whole.with_suffix(".csv"))


def ask(story: Story, flights: Flights, day: date, is_slow: bool) -> Counter[str]:
    """Ask for each flight of a day at its time; return the rows that each version answered."""
    counts: Counter[str] = Counter()
    (rows, moment), step = flights.rows(day), _ROWS // 3 if is_slow else _ROWS
    for start in range(0, len(rows), step):
        story.set_clock(day, str(np.datetime64(int(moment[start]), "m"))[-5:])
        part = rows[start : start + step]
        answer = json.loads(_call(story, 0, "POST", "/predict", json.dumps(part)))
        counts[answer["version"]] += len(part)
        time.sleep(0.2 if is_slow else 0)
    return counts


def label(story: Story, flights: Flights, day: date) -> None:
    """Deliver the labels that became known on a day."""
    flights.labels(day - timedelta(KNOWN_DAYS)).to_csv(story.folder / "labels" / f"{day}.csv", index=False)


def count_rows(story: Story) -> None:
    """Wait until the server has written all answers to its log, and save its page of metrics."""
    page = story.folder / "metrics.txt"
    asked = sum(sum(counts.values()) for counts in story.answers.values())

    def is_written() -> bool:
        page.write_text(_call(story, 1, "GET", "/metrics"), encoding="utf-8")
        return sum(float(rows) for rows in _WRITTEN.findall(page.read_text(encoding="utf-8"))) == asked

    story.wait(is_written, "the log is written")


def _reach(story: Story) -> dict[tuple[str, str], str]:
    """Return how far each moving table of each version reaches."""
    routes = json.loads(_call(story, 1, "GET", "/admin/state"))["routes"]
    return {(route["version"], name): route["fresh_until"][name] for route in routes for name in MOVING}


def _call(story: Story, key: int, method: str, path: str, body: str | None = None) -> str:
    headers = {"Authorization": f"Bearer {story.keys[key]}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", story.port, timeout=whole_loop.LIMIT)) as connection:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        said = reply.read().decode()
    assert reply.status == 200, said
    return said


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
