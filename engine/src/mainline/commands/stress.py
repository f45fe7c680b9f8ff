"""Raise the load until a service breaks its objective."""

import argparse

from mainline.probe import options

SECONDS = 5.0
"""How long each rate is kept if the option is left out."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_load(parser)
    parser.add_argument("--most", type=float, default=10_000.0, metavar="N", help="a rate that is not passed")


def run(arguments: argparse.Namespace) -> str:
    """Double the rate until the objective breaks, look closer, and say where it broke and by what.

    Raises:
        ProbeError: when it is broken at the first rate already.
        MainlineError: when there is no such environment, package or address.
    """
    from mainline.probe import pressure, session  # libraries that `--help` need not wait for
    from mainline.probe.wire import ProbeError

    options.fill(arguments, {"seconds": SECONDS})
    plan, objective = session.plan(session.begin(arguments, "", records=False), arguments)
    good, bad, why = pressure.stress(plan, objective, arguments.most, lambda line: print(line, flush=True))
    held, broke = pressure.per_second(good), pressure.per_second(bad)
    if not good:
        raise ProbeError(f"{arguments.url} breaks its objective at {broke} requests a second already: {why}.")
    if not bad:
        return f"{arguments.url} keeps its objective up to {held} requests a second; nothing more was asked for."
    return f"{arguments.url} keeps its objective at {held} requests a second, and not at {broke}: {why}."
