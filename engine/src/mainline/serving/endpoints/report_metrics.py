"""Metrics that others left to be read: where the follower's rollout stands, and what monitoring found."""

from typing import get_args

from mainline.documents import Verdict
from mainline.exchange import status
from mainline.exchange.place import Place
from mainline.exchange.status import Source
from mainline.serving.answering.metrics import Page
from mainline.serving.service import Service

_ENDS = ("estimate", "low", "high")


def add_follower(page: Page, service: Service) -> None:
    """Add what the follower says of itself, where one is at work."""
    try:
        if service.routing_file is None:
            return
        found = status.parse(Place(service.routing_file.parent).status.read_bytes())
        source: Source = found.get("source") or {}
        aborted = len(found["quarantined"])
        step = found["rollout"]["step"] + 1 if found["rollout"] else 0
        points = (found.get("outcome") or {"points": []})["points"][-1:]
        said, looked = float(found["time"]), float(source.get("looked", 0.0))
    except (OSError, ValueError):
        return
    for name, description, value in (
        (
            "mainline_follower_problem",
            "1 while git, storage or a package keep the follower from its work.",
            bool(source.get("problem")),
        ),
        ("mainline_follower_seen_seconds", "Unix time at which the follower last said something.", said),
        (
            "mainline_follower_looked_seconds",
            "Unix time of the last look that reached git; 0 before the first.",
            looked,
        ),
        ("mainline_rollout_step", "The step that a rollout is at, from 1; 0 without one.", step),
        ("mainline_rollout_quarantined", "Versions that were aborted and are not tried again.", aborted),
    ):
        page.add(name, "gauge", description, [({}, float(value))])
    ends = [({"end": end}, value) for point in points for end, value in zip(_ENDS, point[1:], strict=True)]
    if ends:
        page.add("mainline_outcome_difference", "gauge", "Mean outcome of the candidate less stable's.", ends)


def add_monitoring(page: Page, service: Service) -> None:
    """Add what monitoring found at its last look, where there was one."""
    if service.report is None:
        return
    summary = service.report.summary
    seen = "Unix time as of which monitoring last looked at production."
    page.add("mainline_monitor_seen_seconds", "gauge", seen, [({}, service.report.looked)])
    verdicts = [({"verdict": name}, float(name == summary["verdict"])) for name in get_args(Verdict)]
    page.add("mainline_monitor_verdict", "gauge", "1 for what the last look came to.", verdicts)
    alarms: dict[tuple[str, str], float] = {}
    for alarm in summary["alarms"]:  # two packages may have the name of a version
        name = alarm["version"], alarm["check"]
        alarms[name] = max(alarms.get(name, 0.0), float(not alarm["quiet_since"]))
    samples = [({"version": version, "check": check}, value) for (version, check), value in sorted(alarms.items())]
    page.add("mainline_monitor_alarm", "gauge", "Open alarms; 0 for one whose check passes again.", samples)
