"""What a look at production finds, made up: the checks of versions with verdicts that a test names."""

from mainline.documents import Verdict
from mainline.gate.findings import Check
from mainline.monitoring.result import Monitored, Version

USUAL = "2013-10-07"
"""The last day of a version of which a test says no other."""
DIGESTS = {"v1.0.0": "a1" * 32, "v1.1.0": "b2" * 32}


def version(name: str = "v1.0.0", **verdicts: Verdict) -> Version:
    """Return a version whose checks have verdicts; `_` in a name stands for a space."""
    return Version(
        version=name, digest=DIGESTS[name], rows=1000, first="2013-10-01", last=USUAL, metric="rmse",
        checks=[_check(check.replace("_", " "), verdict) for check, verdict in verdicts.items()], days=[], segments=[],
    )  # fmt: skip


def look(day: str, *versions: Version, last: str = "") -> Monitored:
    """Return a look at noon of a day; a version answered up to its own last day, else `last`, else this one."""
    verdicts = {check.verdict for one in versions for check in one.checks}
    worst: Verdict = "fail" if "fail" in verdicts else "pass"
    return Monitored(
        verdict=worst, headline=f"Production is {worst}.", environment="production", until=f"{day}T12:00:00Z",
        rows=1000, checks=[], versions=[
            one if one.last != USUAL else one.model_copy(update={"last": last or day}) for one in versions
        ],
    )  # fmt: skip


def _check(name: str, verdict: Verdict) -> Check:
    return Check(name=name, group="data", verdict=verdict, observed="3.0%", limit="1.0%", reason=f"{name}: look there.")
