"""Accept checks of this one candidate, as a person."""

import argparse

from mainline.errors import MainlineError
from mainline.gate import decisions, findings
from mainline.gate.decisions import FILE
from mainline.repository.git import ask


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("checks", nargs="+", metavar="CHECK", help="such as 'against production'")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why this candidate is right all the same")


def run(arguments: argparse.Namespace) -> str:
    """Add the decision to `accepted.yaml`; it counts once it is merged.

    Raises:
        MainlineError: when the gate did not run, a name is none of its checks, one passes, or nobody may accept it.
    """
    names, reason = arguments.checks, arguments.reason.strip()
    if not findings.FILE.exists():
        raise MainlineError(f"{findings.FILE} is missing, so there is nothing to accept. Run `make gate` first.")
    found = findings.read(findings.FILE.read_bytes())
    decisions.refuse(names, found.checks)
    decisions.refuse_passed(names, found.checks)
    if not reason:
        raise MainlineError("--reason is empty; say in a sentence why this candidate is right all the same.")
    by = ask("config", "user.name")
    if not by:
        raise MainlineError("git does not know who you are. Run `git config user.name 'Your Name'` first.")
    decided = {"digest": found.candidate.digest, "checks": names, "reason": reason, "by": by[:100]}
    decisions.write(decisions.check(decided))
    return (
        f"{FILE} accepts {', '.join(names)} of the candidate {found.candidate.digest[:12]}, and of no other.\n"
        f"  make gate                      shows what is left\n"
        f"  git add {FILE} && git commit   and open a pull request: it counts once it is merged"
    )
