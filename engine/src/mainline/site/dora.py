"""How well changes reach each environment: the figures of `./mainline delivery`, side by side."""

from collections.abc import Mapping

from mainline.registry.delivery import Delivery, measure
from mainline.registry.delivery_table import ROWS
from mainline.registry.deployments import Deployment
from mainline.report.escape import hypertext, hypertext_prose
from mainline.report.figures import UNKNOWN
from mainline.site import guides
from mainline.site.frame import frame, head, link, section, table
from mainline.site.output import Page
from mainline.site.record import Record
from mainline.site.version import place
from mainline.text import minute

NEWEST = 30
"""Deployments that are listed of each environment."""
GUIDE = "engine/docs/delivery.md"


def of(record: Record, until: int) -> Page:
    """Return the page, with figures up to a moment in seconds since 1970."""
    given = [[one.name, one.given, one.events] for one in record.environments]
    return Page("delivery.html", [given, record.main, until, record.artifact], lambda: _write(record, until))


def _write(record: Record, until: int) -> str:
    found = {one.name: measure(one.name, until) for one in record.environments if one.given}
    parts = [head("How well changes reach production", _lead(record), "Delivery")]
    if found:
        parts.append(section("Figures", _figures(found)))
    else:
        parts.append(section("Figures", "<p>Nothing was deployed yet.</p>"))
    parts += [_environment(name, one) for name, one in found.items()]
    return frame("delivery.html", "Delivery", "\n".join(parts), record.artifact, "Delivery")


def _lead(record: Record) -> str:
    defined = (
        link("defined here", guides.place(GUIDE)) if GUIDE in record.guides else f"defined in <code>{GUIDE}</code>"
    )
    return f"Figures of DORA's and the rollback rate, from tags, main and what servers told; {defined}."


def _figures(found: Mapping[str, Delivery]) -> str:
    rows = []
    for title, write in ROWS.items():
        written = (write(one.figures["all"]) or UNKNOWN for one in found.values())
        cells = "".join(f'<td class="number">{text}</td>' for text in written)
        rows.append(f'<tr><th scope="row">{title}</th>{cells}</tr>')
    return table(("figure", *map(hypertext, found)), "".join(rows), "Figures", numbers=range(1, len(found) + 1))


def _environment(name: str, found: Delivery) -> str:
    rows = "".join(map(_deployment, found.deployments[: -NEWEST - 1 : -1]))
    titles = ("when (UTC)", "version", "what", "outcome")
    said = [*(f"cannot be told: {line}" for line in found.cannot_tell), *found.accepted, *found.notes]
    notes = "".join(f"<li><bdi>{hypertext_prose(line)}</bdi></li>" for line in said)
    listed = table(titles, rows, f"Deployments to {name}") if rows else ""
    return section(f"Deployments to {hypertext(name)}", listed, f"<ul>{notes}</ul>" if notes else "")


def _deployment(item: Deployment) -> str:
    outcome = item.failed or ("served" if item.served else UNKNOWN)
    style = ' class="worse"' if item.failed else ""
    fix = ", a fix" if item.fix else ""
    version = link(item.version, place(item.version)) if item.version else UNKNOWN
    return (
        f'<tr><th scope="row">{minute(item.when)}</th><td>{version}</td><td>{item.content}{fix}</td>'
        f"<td{style}>{hypertext(outcome)}</td></tr>"
    )
