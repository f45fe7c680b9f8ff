"""An environment that asks for signed evidence: what its follower takes, and what it refuses with which words."""

import json
import os
import shutil
from pathlib import Path

import pytest

from mainline.package import signing, statement
from mainline.package.signing import SignatureError
from mainline.registry import packs
from mainline.release import rollback
from mainline.rollout.follower import Follower
from tests.mainline.rollout.conftest import POLICY, Followed

FILES = {"README.md": b"# Model", "verdicts.json": b"{}"}


@pytest.fixture
def asking(followed: Followed) -> Followed:
    """A follower of an environment that asks for evidence, with a released and signed version that has none."""
    os.chdir(followed.repository.path)
    signing.make_keys("release")
    followed.declare(POLICY, signature="evidence")
    followed.release()
    return followed


def publish(asking: Followed, version: str = "v1.0.0", **changed: bytes) -> str:
    """Publish evidence of the package here, with some files changed after it was signed; return its digest."""
    os.chdir(asking.repository.path)
    digest = str(json.loads(Path("models/package/manifest.json").read_text())["digest"])
    key = signing.private_key()
    assert key is not None
    signed = statement.sign(statement.compose(FILES, (f"model@{version}", digest), {}), key)
    packs.publish(
        version,
        {**FILES, statement.SIGNED: signed} | {name.replace("_", "."): content for name, content in changed.items()},
    )
    return digest


def look(asking: Followed) -> tuple[bool, str, str]:
    """Look at git and bring the package; say whether it may serve, the problem, and why it may no longer."""
    found = asking.source.bring(asking.source.look())
    return found.verified, found.problem, found.withdrawn


def test_a_version_is_taken_once_its_evidence_is_there(asking: Followed) -> None:
    """Without evidence the follower names what is missing and how to make it; with it the version may serve."""
    verified, problem, _ = look(asking)
    assert not verified
    assert problem.startswith("there is no signed evidence of it. `./mainline evidence VERSION --publish`")
    assert not asking.source.place.packages.exists()
    publish(asking)
    assert look(asking) == (True, "", "")
    assert asking.source.look().verified, "it is not checked a second time"


def test_a_real_follower_serves_it(asking: Followed) -> None:
    """The follower itself makes no version stable before its evidence is there."""
    follower = Follower(asking.source, asking.source.place)
    follower.look()
    follower.tick()
    assert follower.driver.state.stable is None
    assert "no signed evidence" in follower.found.problem
    publish(asking)
    follower = Follower(asking.source, asking.source.place)  # one that does not wait since it failed
    follower.look()
    follower.tick()
    stable = follower.driver.state.stable
    assert stable is not None
    assert stable.version == "v1.0.0"


def test_evidence_of_another_version_is_refused(asking: Followed) -> None:
    """Also if that has the same package: who approved and judged it was said of the other one."""
    publish(asking)
    assert look(asking)[0]
    publish(asking, "v1.0.9")
    packs.publish("v1.0.0", packs.read("v1.0.9"))
    assert look(asking)[1] == "the signed evidence is of another version."


def test_a_tampered_file_is_refused(asking: Followed) -> None:
    """Also after the version was taken: what is on the branch is held to the statement once it differs."""
    publish(asking, README_md=b"# Better model")
    assert look(asking)[1] == "README.md of its evidence is not the file that was signed."
    publish(asking)
    assert look(asking)[0]
    publish(asking, README_md=b"# Better model")
    assert not asking.source.look().verified
    verified, problem, withdrawn = look(asking)
    assert (verified, problem) == (False, "README.md of its evidence is not the file that was signed.")
    assert withdrawn.startswith("its signature is not trusted: README.md")


def test_evidence_of_another_package_is_refused(asking: Followed) -> None:
    """A statement that a trusted key signed for an earlier package does not stand for the next one."""
    publish(asking)
    assert look(asking)[0]
    publish(asking, "v1.1.0")
    asking.release(5)
    assert look(asking)[1] == "the signed evidence is of another package."


def test_evidence_by_another_key_is_refused(asking: Followed) -> None:
    """A key whose public half is not on main signed nothing."""
    os.chdir(asking.repository.path)
    shutil.move(".git/mainline", ".git/kept")
    signing.make_keys("stranger")
    Path("deploy/keys/stranger.pub").unlink()
    publish(asking)
    assert look(asking)[1].startswith("no key of deploy/keys signed its evidence.")


def test_evidence_that_is_taken_away_counts_no_more(asking: Followed) -> None:
    """The branch is looked at each time: whoever removes it is noticed."""
    publish(asking)
    assert look(asking)[0]
    asking.repository.run("git", "push", "--quiet", "origin", "--delete", packs.BRANCH)
    assert not asking.source.look().verified
    assert look(asking)[1].startswith("there is no signed evidence of it.")


def test_an_environment_that_asks_for_a_signature_alone_asks_for_no_evidence(asking: Followed) -> None:
    """What was required before is required in the same way."""
    asking.declare(POLICY, signature="required")
    assert look(asking) == (True, "", "")


def test_a_version_without_evidence_does_not_come_back(asking: Followed) -> None:
    """`rollback --now` asks for what the follower would ask for, and assigns nothing without it."""
    asking.release(5)
    with pytest.raises(SignatureError, match=r"^there is no signed evidence of it\."):
        rollback.assign_now("v1.0.0", "production")
    assert asking.repository.has("production") == "v1.1.0"


def test_evidence_does_not_stand_for_a_signature(followed: Followed) -> None:
    """Who asks for evidence asks for a signed package, too."""
    followed.release()
    os.chdir(followed.repository.path)
    signing.make_keys("release")
    followed.declare(POLICY, signature="evidence")
    publish(followed)
    assert look(followed)[1].startswith("the package is not signed.")
