"""Test a deployment: health, answers, version, limits."""

import argparse

from mainline.probe import options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_service(parser)
    parser.add_argument("--version", default="", metavar="NAME", help="what should answer; what git assigns without it")


def run(arguments: argparse.Namespace) -> str:
    """Ask a deployed service as a client does, and print a line for each check.

    The key is taken from the variable MAINLINE_API_KEY, since others of the machine can read a command line.

    Raises:
        ProbeError: when a check failed; each is printed before.
        MainlineError: when there is no such environment, package or address.
    """
    from mainline.declared import environments  # libraries that `--help` need not wait for
    from mainline.probe import smoke, wire
    from mainline.text import clean

    declared = environments.choose(arguments.environment, environments.load_all())
    manifest, golden = smoke.read(arguments.package)
    version, names = _expected(arguments.version, arguments.environment, manifest["digest"])
    expected = smoke.Expected(names, version, manifest, golden, declared.service.limits)
    target = wire.target(arguments.url, options.key(), arguments.ca)
    failed = []
    for check in smoke.run(target, expected):
        word = "pass" if check.passed else "FAIL"
        wanted = "" if check.passed else f" (should be: {check.allowed})"
        print(f"{word}  {check.name:<16} {clean(check.found)}{wanted}", flush=True)
        failed += [] if check.passed else [check.name]
    if failed:
        raise wire.ProbeError(f"{arguments.url} is not as it should be: {', '.join(failed)}.")
    return f"{arguments.url} serves {version}, and answers as it should."


def _expected(named: str, environment: str, digest: str) -> tuple[str, frozenset[str]]:
    """Return the version that should answer, and the names that it goes by: its own, and its package's digest.

    Raises:
        MainlineError: when the package here is that of another version.
    """
    from mainline.errors import MainlineError
    from mainline.registry import tags

    short = digest[:12]
    version = tags.find(named) if named.startswith("v") else None if named else tags.assigned(environment)
    if version is None:
        return named or short, frozenset({named or short, short})
    release = version.release
    if release is not None and release.digest != digest:
        raise MainlineError(
            f"{version.name} should answer, and the package here is {short}, another one. Name its folder (--package); "
            f"`./mainline fetch {version.name}` brings it."
        )
    return version.name, frozenset({version.name, short})
