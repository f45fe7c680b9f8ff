"""Load a service at a rate, and hold it to its objective."""

import argparse

from mainline.probe import options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_load(parser, rate=50.0, seconds=30.0)


def run(arguments: argparse.Namespace) -> str:
    """Send the package's golden requests at a rate; print rate, answers and percentiles.

    Raises:
        ProbeError: when the objective does not hold; the line with what came back is printed before.
        MainlineError: when there is no such environment, package or address.
    """
    from mainline.probe import pressure, session  # libraries that `--help` need not wait for
    from mainline.probe.wire import ProbeError

    plan, objective = session.prepare(arguments)
    found = pressure.load(plan)
    broken = objective.broken(found, plan.rate)
    print(pressure.line(found, plan.rate, broken), flush=True)
    if broken:
        raise ProbeError(f"{arguments.url} does not keep its objective: {broken}.")
    return f"{arguments.url} keeps its objective: p99 of {objective.p99_ms:g} ms, {objective.errors:.2%} errors."
