"""What load and stress begin with: the declared objective, the package's requests, and a service that answers them."""

import argparse

from mainline.declared import environments
from mainline.probe import options, pressure, smoke, wire
from mainline.probe.pressure import Objective
from mainline.probe.sender import Plan


def prepare(arguments: argparse.Namespace) -> tuple[Plan, Objective]:
    """Return what is sent, and what is to hold meanwhile.

    Raises:
        ProbeError: when the service does not answer, or an option is out of its bounds.
        MainlineError: when there is no such environment or package.
    """
    options.check(arguments)
    declared = environments.choose(arguments.environment, environments.load_all())
    _, golden = smoke.read(arguments.package)
    target = wire.target(arguments.url, options.key(), arguments.ca)
    plan = pressure.plan(
        target, golden["requests"], arguments.rows, arguments.connections, arguments.seconds, arguments.rate
    )  # fmt: skip
    objective = Objective(arguments.p99_ms or declared.service.budgets.p99_ms, arguments.errors)
    return plan, objective
