"""`promote`, `signing-key` and `sign`: what is on main becomes what the environments have."""

import tempfile
from pathlib import Path

from mainline import progress
from mainline.commands import gate
from mainline.errors import MainlineError
from mainline.gate import findings
from mainline.gate.findings import Findings
from mainline.package import manifest
from mainline.registry import publish, tags
from mainline.release import promote as releases
from mainline.release import signing
from mainline.remote import packages


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


def sign(name: str) -> str:
    """Sign a version after its release; the signature counts once it is merged.

    Raises:
        MainlineError: when there is no such version or no key here, or its package is not to be had as it was released.
    """
    publish.fetch()
    version = tags.find(name)
    with tempfile.TemporaryDirectory(prefix="mainline-sign-") as scratch:
        package = packages.fetch(version, Path(scratch))
        digest = manifest.verify(package)["digest"]
        if version.release is not None and version.release.digest != digest:
            raise MainlineError(f"the package of {name} is not the one that was released; it is not signed.")
        file = signing.keep(package, digest)
    return (
        f"{file} signs {name}.\n"
        f"  git add {file} && git commit   and open a pull request: it counts everywhere once it is merged"
    )


def _judge(environment: str) -> Findings:
    progress.say(gate.gate(environment).strip())
    return findings.read(gate.FINDINGS.read_bytes())
