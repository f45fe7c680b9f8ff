"""Load a service at a rate, and hold it to its objective."""

import argparse
from typing import TYPE_CHECKING

from mainline.probe import options

if TYPE_CHECKING:
    from mainline.probe.sender import Result
    from mainline.probe.session import Session

SECONDS = 30.0
"""How long the rate is kept if neither an option nor, for a record, an environment says otherwise."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_load(parser)
    options.add_record(parser)


def run(arguments: argparse.Namespace) -> str:
    """Send the package's golden requests at a rate; print rate, answers and percentiles.

    With `--record` what `promotion.load_test` of the next environments asks for is the default of each option.

    Raises:
        ProbeError: when the objective does not hold; the line with what came back is printed before, and it is recorded
            if that was asked for.
        MainlineError: when there is no such environment, package or address, or nothing can be recorded.
    """
    from mainline.declared import environments  # libraries that `--help` need not wait for
    from mainline.probe import pressure, session, smoke
    from mainline.probe.wire import ProbeError

    asked = session.required(arguments.environment, environments.load_all()) if arguments.record else None
    options.fill(arguments, {"seconds": SECONDS} | (asked.model_dump() if asked else {}))
    begun = session.begin(arguments, "", arguments.record)
    plan, objective = session.plan(begun, arguments)
    if arguments.record:
        smoke.refuse_another(begun.target, begun.expected)
    found = pressure.load(plan)
    broken = objective.broken(found, plan.rate)
    print(pressure.line(found, plan.rate, broken), flush=True)
    recorded = _record(arguments, begun, found, broken) if arguments.record else ""
    if broken:
        raise ProbeError(f"{arguments.url} does not keep its objective: {broken}.{recorded}")
    return (
        f"{arguments.url} keeps its objective: p99 of {objective.p99_ms:g} ms, {objective.errors:.2%} errors.{recorded}"
    )


def _record(arguments: argparse.Namespace, begun: "Session", found: "Result", broken: str) -> str:
    """Publish what was found, unless another version answers by now; say under which name.

    Raises:
        ProbeError: when another version answers.
        MainlineError: when it cannot be published.
    """
    from mainline.probe import smoke
    from mainline.registry import deployment_tests

    if begun.version is None:
        return ""
    smoke.refuse_another(begun.target, begun.expected)
    load = deployment_tests.Load(
        rate=arguments.rate, seconds=arguments.seconds, rows=arguments.rows, connections=arguments.connections,
        per_second=found.per_second, p99_ms=found.percentile(99) * 1e3, errors=found.errors,
    )  # fmt: skip
    service = begun.declared.service
    tag = deployment_tests.record("load", begun.version, arguments.environment, service, broken, load)
    return f" Recorded: tag {tag}."
