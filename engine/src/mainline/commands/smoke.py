"""Test a deployment: health, answers, version, limits."""

import argparse

from mainline.probe import options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_service(parser)
    parser.add_argument("--version", default="", metavar="NAME", help="what should answer; what git assigns without it")
    options.add_record(parser)


def run(arguments: argparse.Namespace) -> str:
    """Ask a deployed service as a client does, and print a line for each check.

    The key is taken from the variable MAINLINE_API_KEY, since others of the machine can read a command line.

    Raises:
        ProbeError: when a check failed; each is printed before, and recorded if that was asked for.
        MainlineError: when there is no such environment, package or address, or nothing can be recorded.
    """
    from mainline.probe import session, smoke, wire  # libraries that `--help` need not wait for
    from mainline.registry import deployment_tests
    from mainline.text import clean

    begun = session.begin(arguments, arguments.version, arguments.record)
    failed = []
    for check in smoke.run(begun.target, begun.expected):
        word = "pass" if check.passed else "FAIL"
        wanted = "" if check.passed or not check.allowed else f" (should be: {check.allowed})"
        print(f"{word}  {check.name:<16} {clean(check.found)}{wanted}", flush=True)
        failed += [] if check.passed else [check.name]
    recorded = ""
    if arguments.record and begun.version:
        tag = deployment_tests.record(
            "smoke", begun.version, arguments.environment, begun.declared.service, ", ".join(failed)
        )
        recorded = f" Recorded: tag {tag}."
    if failed:
        raise wire.ProbeError(f"{arguments.url} is not as it should be: {', '.join(failed)}.{recorded}")
    return f"{arguments.url} serves {begun.expected.version}, and answers as it should.{recorded}"
