"""`promote` and `signing-key`: what is on main becomes what the environments have."""

from mainline import progress
from mainline.commands import gate
from mainline.gate import findings
from mainline.gate.findings import Findings
from mainline.release import promote as releases
from mainline.release import signing


def promote(environment: str | None = None) -> str:
    """Release what is on main; or give an environment that waits for a person what the one before it has.

    Raises:
        MainlineError: when nothing may be released; then nothing was.
    """
    return releases.promote(_judge) if environment is None else releases.approve(environment)


def signing_key(name: str) -> str:
    """Make a key pair that releases are signed with.

    Raises:
        SignatureError: when there is one of that name.
    """
    private, public = signing.make_keys(name)
    return (
        f"Releases made here are signed from now on.\n"
        f"  private  {private} (cannot be committed; CI takes a file named by {signing.KEY})\n"
        f"  public   {public} (commit it: everybody verifies with it)\n"
        "To release nothing without a signature, set `signature: required` in deploy/production.yaml."
    )


def _judge(environment: str) -> Findings:
    progress.say(gate.gate(environment).strip())
    return findings.read(gate.FINDINGS.read_bytes())
