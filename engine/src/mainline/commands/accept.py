"""`accept`: write down that a person accepts named checks of the candidate that the gate last looked at."""

from mainline.commands.gate import FINDINGS
from mainline.errors import MainlineError
from mainline.gate import decisions, findings
from mainline.gate.decisions import FILE
from mainline.git import ask


def accept(names: list[str], reason: str) -> str:
    """Add the decision to `accepted.yaml`; it counts once it is merged.

    Raises:
        MainlineError: when the gate did not run, a name is none of its checks, one passes, or nobody may accept it.
    """
    if not FINDINGS.exists():
        raise MainlineError(f"{FINDINGS} is missing, so there is nothing to accept. Run `make gate` first.")
    found = findings.read(FINDINGS.read_bytes())
    decisions.refuse(names, found.checks)
    decisions.refuse_passed(names, found.checks)
    if not reason.strip():
        raise MainlineError("--reason is empty; say in a sentence why this candidate is right all the same.")
    by = ask("config", "user.name")
    if not by:
        raise MainlineError("git does not know who you are. Run `git config user.name 'Your Name'` first.")
    decided = {"digest": found.candidate.digest, "checks": names, "reason": reason.strip(), "by": by[:100]}
    decisions.write(decisions.check(decided))
    return (
        f"{FILE} accepts {', '.join(names)} of the candidate {found.candidate.digest[:12]}, and of no other.\n"
        f"  make gate                      shows what is left\n"
        f"  git add {FILE} && git commit   and open a pull request: it counts once it is merged"
    )
