"""What git of a fork leaves out."""

import subprocess

import pytest

from tests.project import ROOT


@pytest.mark.parametrize(
    ("name", "is_left_out"),
    [(".env", True), ("deploy/.env.local", True), (".env.example", False), ("signing.key", True), ("a.pem", True)],
)
def test_secrets_beside_the_code_are_left_out(name: str, is_left_out: bool) -> None:
    """`git add --all` takes no file of passwords and no private key along."""
    asked = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", name], cwd=ROOT, check=False)
    assert (asked.returncode == 0) == is_left_out
