"""All pages of the site but the last, which is that of search."""

from collections.abc import Iterator

from mainline.registry.history import Registered
from mainline.registry.tags import Version
from mainline.report import page as report
from mainline.report.escape import hypertext
from mainline.report.figures import UNKNOWN
from mainline.score import page as score_page
from mainline.score import total
from mainline.score.total import Score
from mainline.site import dora, environments, front, guides, trend, tries, version
from mainline.site.frame import PARTS, frame, head, section, wide
from mainline.site.output import Entry, Page
from mainline.site.record import Record
from mainline.site.trend import Dot
from mainline.text import count

RECENT = 40
"""Versions of which the first picture of a metric shows the intervals apart."""
_PARTS = {name: path for name, path in PARTS.items() if name != "Search"}


def of(record: Record, score: Score | None, until: int) -> Iterator[Page]:
    """Yield the pages; `until` is the moment that figures and pictures go up to, in seconds since 1970."""
    scored = total.document(score) if score else None
    listed = [record.versions, record.authored, record.artifact]
    looks = [[one.name, one.given[:1], one.monitored] for one in record.environments]
    about = [record.versions[: front.NEWEST], len(record.versions), looks, record.history.skipped, scored,
             [record.authored.get(one.commit) for one in record.versions[: front.NEWEST]], record.artifact]  # fmt: skip
    yield Page("index.html", about, lambda: front.overview(record, score), lambda: _entries("Overview"))
    yield Page("versions.html", listed, lambda: front.versions(record), lambda: _entries("Versions"))
    records = [[one.version, one.archived, record.tagged[one.version].release] for one in record.versions]
    yield Page("metrics.html", [records, record.artifact], lambda: _metrics(record), lambda: _entries("Metrics"))
    yield tries.of(record)
    yield from environments.of_all(record, until)
    yield dora.of(record, until)
    yield Page("score.html", [scored, record.artifact], lambda: _score(score, record), lambda: _entries("Score"))
    yield from version.of_each(record)
    yield from guides.pages(record)


def _entries(part: str) -> list[Entry]:
    return [Entry(part, _PARTS[part], "page")]


def _metrics(record: Record) -> str:
    versions = record.versions[::-1]
    names = list(dict.fromkeys(name for one in versions for name in _values(record.tagged[one.version])))
    names = [name for name in names if name not in ("rows", "low", "high", "ratio")]
    parts = [head("Metrics over the releases", "On each version's own test rows, as its tag recorded them.", "Metrics")]
    for place, name in enumerate(names):
        dots = [dot for one in versions if (dot := _dot(one, record.tagged[one.version], name, place == 0))]
        about = "A dot is a version, the line through it its 95 % interval, the dashed line the baseline."
        pictures = [wide(trend.draw(dots[-RECENT:], name), f"{name} of the newest versions")]
        if len(dots) > RECENT:
            pictures += [f"<p>All {count(len(dots), 'version')}:</p>", wide(trend.draw(dots, name), f"{name} of all")]
        said = f"<p>{about}</p>" if place == 0 else ""
        parts.append(section(hypertext(name), said, "".join(pictures)))
    if not names:
        parts.append(section("No metrics", "<p>No version has a record of its metrics.</p>"))
    return frame("metrics.html", "Metrics", "\n".join(parts), record.artifact, "Metrics")


def _values(version: Version) -> dict[str, float | int | None]:
    release = version.release
    return release.metrics.get("test", {}) if release else {}


def _dot(one: Registered, version: Version, name: str, is_primary: bool) -> Dot | None:
    release = version.release
    test = _values(version)
    value = test.get(name)
    if release is None or value is None:
        return None
    ends = (test.get("low"), test.get("high")) if is_primary else (None, None)
    return Dot(one.version, value, *ends, release.metrics.get("baseline", {}).get(name), one.archived)


def _score(score: Score | None, record: Record) -> str:
    if score is None:
        body = head("Not measured", f"<code>./mainline score</code> says why. {UNKNOWN}", "Score")
        return frame("score.html", "Score", body, record.artifact, "Score")
    return frame("score.html", "Score", report.body(score_page.describe(score)), record.artifact, "Score")
