"""The signed statement and the provenance, read by the libraries of those who made the formats.

The formats of other libraries are in `test_public_tools.py`, which brings an environment of its own.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from mainline.evidence import pack
from mainline.package import statement
from tests.mainline.evidence.conftest import digest, key
from tests.project import Project


@pytest.fixture(scope="module")
def made(shared: Project) -> dict[str, bytes]:
    """The signed pack of the small use case."""
    from tests.mainline.evidence.conftest import enter

    with pytest.MonkeyPatch.context() as patch:
        enter(patch, shared)
        return pack.make("v1.0.0", key())[1]


def opened(content: bytes, shared: Project) -> bytes:
    """Verify an envelope as any user of DSSE does; return what was signed."""
    envelope = json.loads(content)
    name = envelope["signatures"][0]["keyid"]
    public = load_pem_public_key((shared.path / "deploy/keys/release.pub").read_bytes())
    found = Envelope.from_dict(envelope)
    found.verify([SSlibKey.from_crypto(public, keyid=name)], 1)
    return bytes(found.payload)


def parsed(content: bytes) -> Any:
    """Read an in-toto statement by its published definition."""
    found = json_format.Parse(content, statement_pb2.Statement())
    Statement.copy_from_pb(found).validate()
    return found


def test_securesystemslib_and_in_toto_read_the_statement(made: dict[str, bytes], shared: Project) -> None:
    """The envelope verifies, the statement is valid, and its subjects are the files and the package."""
    found = parsed(opened(made[statement.SIGNED], shared))
    assert found.predicate_type == statement.PREDICATE
    named = {one.name: one.digest["sha256"] for one in found.subject}
    assert named.keys() == (made.keys() - {statement.SIGNED}) | {"model@v1.0.0"}
    assert named["model@v1.0.0"] == json.loads((shared.path / "models/package/manifest.json").read_text())["digest"]


def test_securesystemslib_refuses_a_damaged_envelope(made: dict[str, bytes], shared: Project) -> None:
    """One other letter in what was signed, and no key fits."""
    envelope = json.loads(made[statement.SIGNED])
    envelope["payload"] = ("A" if envelope["payload"][0] != "A" else "B") + envelope["payload"][1:]
    with pytest.raises(VerificationError, match="Accepted signatures do not match threshold"):
        opened(json.dumps(envelope).encode(), shared)


def test_the_provenance_is_slsa(made: dict[str, bytes]) -> None:
    """Statement and predicate have the published fields and no other."""
    content = made["provenance.slsa.json"]
    assert parsed(content).predicate_type == "https://slsa.dev/provenance/v1"
    found = json_format.ParseDict(json.loads(content)["predicate"], provenance_pb2.Provenance())
    assert found.build_definition.build_type
    assert found.run_details.builder.id
    assert found.run_details.metadata.started_on.seconds


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda found: found.update(_type="https://in-toto.io/Statement/v0"), "type"),
        (lambda found: found.update(subject=[]), "subject"),
        (lambda found: found.update(subjects=found.pop("subject")), "subjects"),
    ],
)
def test_in_toto_refuses_a_damaged_statement(
    made: dict[str, bytes], damage: Callable[[dict[str, Any]], object], said: str
) -> None:
    """Another version of the format, no subject, and a field that there is not are refused."""
    found = json.loads(made["provenance.slsa.json"])
    damage(found)
    with pytest.raises((ValueError, json_format.ParseError), match=rf"(?i){said}"):
        parsed(json.dumps(found).encode())


def test_slsa_refuses_a_damaged_predicate(made: dict[str, bytes]) -> None:
    """A time that is none, and a field of the earlier version, are refused."""
    found = json.loads(made["provenance.slsa.json"])["predicate"]
    with pytest.raises(json_format.ParseError, match="invocation"):
        json_format.ParseDict({"invocation": {}, **found}, provenance_pb2.Provenance())
    found["runDetails"]["metadata"]["startedOn"] = "yesterday"
    with pytest.raises(json_format.ParseError, match="startedOn"):
        json_format.ParseDict(found, provenance_pb2.Provenance())


def test_the_package_is_the_one_that_is_released(made: dict[str, bytes], here: Project) -> None:
    """The provenance is of the package that the statement binds."""
    found = json.loads(made["provenance.slsa.json"])["subject"]
    assert found == [{"name": "model@v1.0.0", "digest": {"sha256": digest()}}]
    assert Path.cwd() == here.path
