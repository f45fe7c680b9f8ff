"""Check whether a package may take traffic here."""

import argparse
import json
from functools import partial
from pathlib import Path

from mainline import files
from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.package import signing
from mainline.registry import tags
from mainline.repository.git import GitError
from mainline.scoring import acceptance
from mainline.scoring.acceptance import Check, Verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "package", nargs="?", type=Path, default=Path("models/package"), help="the folder of the package"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the verdict as JSON")
    parser.add_argument("--unreleased", action="store_true", help="ask for no signature, since promote signs it")
    parser.add_argument(
        "--settings", type=Path, default=Path("deploy/production.yaml"), metavar="FILE", help="the settings"
    )


def run(arguments: argparse.Namespace) -> str:
    """Check a package in this environment; write the verdict as JSON if asked.

    An unreleased package needs no signature yet, whatever the environment demands.

    Raises:
        MainlineError: with every check, when one of them failed; when the settings are wrong.
    """
    package, report = arguments.package, arguments.report
    declared = environments.load_server(arguments.settings)
    required = declared.requires_signature and not arguments.unreleased
    verdict = acceptance.check(package, declared.service.budgets, partial(_signature, package, required))
    if report:
        _write(report, json.dumps(verdict.as_dict(), indent=2) + "\n")
    if not verdict.passed:
        raise MainlineError(f"{package} may not take traffic:\n{_table(verdict)}")
    return f"{_table(verdict)}\n{package} may take traffic."


def _write(report: Path, content: str) -> None:
    try:
        files.replace(report, content)
    except OSError as error:
        raise MainlineError(f"{report} cannot be written ({error}); name another file.") from error


def _signature(package: Path, required: bool, digest: str) -> Check:
    """Verify the signature that the repository here has for a package, with the public keys in `deploy/keys`."""
    allowed = "a signature of a trusted key" + ("" if required else ", or none")
    try:
        versions = tags.versions()
    except GitError:  # outside a repository nothing is known of it
        versions = []
    released = ((version.name, version.release) for version in versions)
    name, release = next(((name, one) for name, one in released if one and one.digest == digest), ("", None))
    if release is None:
        return Check("signature", not required, "no version of the repository here has this package", allowed)
    try:
        by = signing.check(package, release.signature, required=False)
    except MainlineError as error:
        return Check("signature", False, f"{name}: {error}", allowed)
    if not by:
        return Check("signature", not required, f"{name} is not signed", allowed)
    return Check("signature", True, f"{name}, signed by {by}", allowed)


def _table(verdict: Verdict) -> str:
    rows = [(("ok" if check.passed else "FAILED"), check.name, check.found, check.allowed) for check in verdict.checks]
    return "\n".join(f"  {mark:<7} {name:<38} {found} ({allowed})" for mark, name, found, allowed in rows)
