"""`check-package`: may this package take traffic? A person reads the table, a program the JSON."""

import json
from pathlib import Path

from mainline.errors import MainlineError
from mainline.serving import acceptance, settings
from mainline.serving.acceptance import Verdict


def check_package(package: Path, environment: Path, report: Path | None) -> str:
    """Check a package in this environment; write the verdict as JSON where asked.

    Raises:
        MainlineError: with every check, when one of them failed.
    """
    verdict = acceptance.check(package, settings.load(environment).budgets)
    if report:
        report.write_text(json.dumps(verdict.as_dict(), indent=2) + "\n", encoding="utf-8")
    if not verdict.passed:
        raise MainlineError(f"{package} may not take traffic:\n{_table(verdict)}")
    return f"{_table(verdict)}\n{package} may take traffic."


def _table(verdict: Verdict) -> str:
    rows = [(("ok" if check.passed else "FAILED"), check.name, check.found, check.allowed) for check in verdict.checks]
    return "\n".join(f"  {mark:<7} {name:<38} {found} ({allowed})" for mark, name, found, allowed in rows)
