"""The gate's whole report on a version, as it was kept when the version was released."""

from collections.abc import Iterator
from functools import partial

from mainline.gate import findings
from mainline.gate.findings import Findings, FindingsError
from mainline.registry.packs import BRANCH
from mainline.registry.records import Release
from mainline.report import page as report
from mainline.report import sections
from mainline.report.escape import hypertext
from mainline.repository.git import blob
from mainline.site.frame import frame, head, link
from mainline.site.frame import section as titled
from mainline.site.output import Entry, Page
from mainline.site.record import Record

_TITLE = "The gate's report"


def kept(version: str, record: Record) -> str:
    """Return the blob of what the gate found when a version was released; '' if nobody kept it."""
    release = record.tagged[version].release
    return record.reports.get(release.digest, "") if release else ""


def pages(version: str, record: Record) -> Iterator[Page]:
    """Yield the page of a version's report, if one was kept."""
    name, release = kept(version, record), record.tagged[version].release
    if name and release:
        path = f"versions/{version}/report.html"
        entry = Entry(f"{version}: {_TITLE.lower()}", path, "report", release.headline)
        about = [name, version, release, record.artifact]
        yield Page(path, about, partial(_write, path, version, release, name, record.artifact), lambda: [entry])


def section(version: str, record: Record) -> str:
    """Return what a version's page says of the report: where it is, or that there is none."""
    if kept(version, record):
        about = "every check with its limit, every segment, what differed from production, and the experiments"
        said = f"{link('As the gate wrote it', f'{version}/report.html')} before the release: {about}."
    elif record.tagged[version].release:
        said = (
            "<b>Nobody kept it.</b> The tag has the verdict and the sentence above. <code>promote</code> keeps the "
            f"whole report on <code>{BRANCH}</code> if it may push there."
        )
    else:
        said = "<b>Nobody kept it</b>, and the tag has no record of a verdict."
    return titled(_TITLE, f"<p>{said}</p>")


def _write(path: str, version: str, release: Release, name: str, project: str) -> str:
    back = f"<p>{link(f'Back to {version}', f'../{version}.html')}</p>"
    try:
        body = report.body(sections.describe(_read(name, release)))
    except FindingsError as error:
        body = head("This report is not shown", f"Because {hypertext(str(error))}", _TITLE)
    return frame(path, f"{version}: {_TITLE.lower()}", f"{back}\n{body}", project, "Versions")


def _read(name: str, release: Release) -> Findings:
    """Read what the gate found, and hold it to the tag: the branch is not protected as tags are.

    Raises:
        FindingsError: when it is not what the gate writes, or not what the tag says of it.
    """
    found = findings.read(blob(name) or b"")
    told = (found.candidate.digest, found.headline)
    if told != (release.digest, release.headline) or (found.verdict == "warn") != (release.verdict == "warn"):
        raise FindingsError(f"what {BRANCH} has is not what the version's tag says of package, verdict or sentence.")
    return found
