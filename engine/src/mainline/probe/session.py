"""What smoke, load and stress begin with: what is declared, the address, and the version that should answer."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

from mainline.declared import environments
from mainline.declared.environments import Environment
from mainline.declared.promotion import LoadTest
from mainline.errors import MainlineError
from mainline.probe import options, pressure, smoke, wire
from mainline.probe.pressure import Objective
from mainline.probe.sender import Plan
from mainline.probe.smoke import Expected
from mainline.probe.wire import Target
from mainline.registry import publication, tags
from mainline.registry.tags import Version


@dataclass(frozen=True)
class Session:
    """A service that is asked: what it should be, and the released version that should answer; None before one is."""

    declared: Environment
    target: Target
    expected: Expected
    version: Version | None


def begin(arguments: argparse.Namespace, named: str, records: bool) -> Session:
    """Read what is declared, the package and the address.

    Args:
        arguments: the options.
        named: the version that should answer; '' for what git assigns to the environment.
        records: whether what is found will be recorded, so that there must be such a version.

    Raises:
        ProbeError: when an option is out of its bounds, or the address is not one.
        MainlineError: when there is no such environment, package or version, or the package here is another one's.
    """
    options.check(arguments)
    declared = environments.choose(arguments.environment, environments.load_all())
    manifest, golden = smoke.read(arguments.package)
    target = wire.target(arguments.url, options.key(), arguments.ca)
    if records:
        publication.fetch()
    version, short = _version(named, arguments.environment, manifest["digest"]), manifest["digest"][:12]
    if records and version is None:
        raise MainlineError(
            f"{arguments.environment} has no version, so there is nothing to record a test of. `./mainline promote` "
            "assigns one."
        )
    name = version.name if version else named or short
    return Session(
        declared, target, Expected(frozenset({name, short}), name, manifest, golden, declared.service.limits), version
    )


def plan(session: Session, arguments: argparse.Namespace) -> tuple[Plan, Objective]:
    """Return what is sent, and what is to hold meanwhile.

    Raises:
        ProbeError: when the service does not answer.
    """
    sent = pressure.plan(
        session.target, session.expected.golden["requests"], arguments.rows, arguments.connections, arguments.seconds,
        arguments.rate,
    )  # fmt: skip
    return sent, Objective(arguments.p99_ms or session.declared.service.budgets.p99_ms, arguments.errors)


def required(environment: str, declared: Mapping[str, Environment]) -> LoadTest | None:
    """Return one load test that is as hard as each that the environments after this one ask for; None if none asks."""
    asked = [one.promotion.load_test for one in declared.values() if one.promotion.after == environment]
    tests = [test for test in asked if test is not None]
    if not tests:
        return None
    return LoadTest(
        rate=max(test.rate for test in tests), seconds=max(test.seconds for test in tests),
        p99_ms=min(test.p99_ms for test in tests), errors=min(test.errors for test in tests),
        rows=max(test.rows for test in tests),
    )  # fmt: skip


def _version(named: str, environment: str, digest: str) -> Version | None:
    """Return the released version that should answer; None where a digest is named, or nothing is released.

    Raises:
        MainlineError: when the package here is that of another version.
    """
    version = tags.find(named) if named.startswith("v") else None if named else tags.assigned(environment)
    release = version.release if version else None
    if version is not None and release is not None and release.digest != digest:
        raise MainlineError(
            f"{version.name} should answer, and the package here is {digest[:12]}, another one. Name its folder "
            f"(--package); `./mainline fetch {version.name}` brings it."
        )
    return version
