"""A statement that binds files to a package: verified whole, or refused with what is wrong."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mainline.package import statement
from mainline.package.signing import SignatureError

DIGEST, OTHER = "ab" * 32, "cd" * 32
PACKAGE = ("m@v1.0.0", DIGEST)
FILES = {"a.md": b"A", "b.json": b"{}"}


def pair(folder: Path, name: str, curve: ec.EllipticCurve | None = None) -> Path:
    """Make a key pair: the private key's file is returned, the public one is among those that are trusted."""
    private = ec.generate_private_key(curve or ec.SECP256R1())
    plain = serialization.NoEncryption()
    file = folder / f"{name}.pem"
    file.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    (folder / "keys").mkdir(exist_ok=True)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (folder / f"keys/{name}.pub").write_bytes(private.public_key().public_bytes(serialization.Encoding.PEM, form))
    return file


def bound(key: Path, digest: str = DIGEST, **files: bytes) -> dict[str, bytes]:
    """Return files with their signed statement."""
    kept = files or FILES
    return {**kept, statement.SIGNED: statement.sign(statement.compose(kept, ("m@v1.0.0", digest), {"v": 1}), key)}


def test_what_was_signed_is_accepted_by_the_key_that_signed_it(tmp_path: Path) -> None:
    """One of several trusted keys is enough, and it is named; a file among them that is not a key does not matter."""
    key = pair(tmp_path, "release")
    pair(tmp_path, "another")
    (tmp_path / "keys/broken.pub").write_text("no key")
    assert statement.verify(bound(key), PACKAGE, tmp_path / "keys") == "release"


def test_a_signature_repeats(tmp_path: Path) -> None:
    """There is no chance in it."""
    key = pair(tmp_path, "release", ec.SECP384R1())
    assert bound(key) == bound(key)
    assert statement.verify(bound(key), PACKAGE, tmp_path / "keys") == "release"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"a.md": b"B"}, r"^a\.md of its evidence is not the file that was signed\.$"),
        ({"c.md": b"C"}, r"^c\.md of its evidence is not the file that was signed\.$"),
        ({"x\n\x1b[2J\u202e.md": b""}, "^x \ufffd\\[2J\ufffd\\.md of its evidence is not the file that was signed\\.$"),
        ({"a.md": None}, r"^a\.md of its evidence is missing\.$"),
        ({statement.SIGNED: None}, r"^there is no signed evidence of it\. `\./mainline evidence VERSION --publish`"),
        ({statement.SIGNED: b"[1"}, r"^statement\.dsse\.json of its evidence is not a signed statement\.$"),
        ({statement.SIGNED: b"{}"}, r"^statement\.dsse\.json of its evidence is not a signed statement\.$"),
        ({statement.SIGNED: b"[" * 100_000}, r"^statement\.dsse\.json of its evidence is not a signed statement\.$"),
    ],
)
def test_what_differs_from_what_was_signed_is_refused(
    tmp_path: Path, change: dict[str, bytes | None], said: str
) -> None:
    """A file changed, added or gone, and a statement that is none, are one line each."""
    made = bound(pair(tmp_path, "release")) | change
    found = {name: content for name, content in made.items() if content is not None}
    with pytest.raises(SignatureError, match=said):
        statement.verify(found, PACKAGE, tmp_path / "keys")


def test_evidence_of_another_package_is_refused(tmp_path: Path) -> None:
    """A signed statement counts for its own package alone."""
    made = bound(pair(tmp_path, "release"), OTHER)
    with pytest.raises(SignatureError, match=r"^the signed evidence is of another package\.$"):
        statement.verify(made, PACKAGE, tmp_path / "keys")


def test_evidence_of_another_version_is_refused(tmp_path: Path) -> None:
    """Two versions may have the same package; what was said of one counts for it alone."""
    made = bound(pair(tmp_path, "release"))
    with pytest.raises(SignatureError, match=r"^the signed evidence is of another version\.$"):
        statement.verify(made, ("m@v1.0.1", DIGEST), tmp_path / "keys")


def test_a_subject_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    """A statement that gives two digests to one name says nothing of it."""
    key = pair(tmp_path, "release")
    found = json.loads(statement.compose(FILES, PACKAGE, {}))
    found["subject"].append({"name": "a.md", "digest": {"sha256": OTHER}})
    made = {**FILES, statement.SIGNED: statement.sign(json.dumps(found).encode(), key)}
    with pytest.raises(SignatureError, match=r"^what the key signed is not a statement on evidence\.$"):
        statement.verify(made, PACKAGE, tmp_path / "keys")


def test_another_key_is_refused(tmp_path: Path) -> None:
    """A key that is not trusted, or none at all, signed nothing."""
    made = bound(pair(tmp_path, "release"))
    (tmp_path / "keys/release.pub").unlink()
    pair(tmp_path, "stranger")
    with pytest.raises(SignatureError, match=r"^no key of .*keys signed its evidence\."):
        statement.verify(made, PACKAGE, tmp_path / "keys")


def test_what_the_key_signed_for_another_purpose_is_refused(tmp_path: Path) -> None:
    """The same key signs packages in the same envelope; such a statement is not one on evidence."""
    key = pair(tmp_path, "release")
    other = json.loads(statement.compose(FILES, ("m@v1.0.0", DIGEST), {}))
    other["predicateType"] = "https://model_signing/signature/v1.0"
    made = {**FILES, statement.SIGNED: statement.sign(json.dumps(other).encode(), key)}
    with pytest.raises(SignatureError, match=r"^what the key signed is not a statement on evidence\.$"):
        statement.verify(made, PACKAGE, tmp_path / "keys")


def test_an_envelope_of_another_payload_is_refused(tmp_path: Path) -> None:
    """The kind of payload is signed as well, and another kind is not looked at."""
    made = bound(pair(tmp_path, "release"))
    envelope = json.loads(made[statement.SIGNED]) | {"payloadType": "text/plain"}
    with pytest.raises(SignatureError, match="is not a signed statement"):
        statement.verify(made | {statement.SIGNED: json.dumps(envelope).encode()}, PACKAGE, tmp_path / "keys")
    moved = json.loads(made[statement.SIGNED])
    moved["payload"] = base64.b64encode(b"{}").decode()
    with pytest.raises(SignatureError, match="no key of"):
        statement.verify(made | {statement.SIGNED: json.dumps(moved).encode()}, PACKAGE, tmp_path / "keys")


def test_a_key_that_cannot_sign_is_one_line(tmp_path: Path) -> None:
    """A file that is no key, and a key of another kind, are named with what makes one."""
    file = tmp_path / "x.pem"
    private = rsa.generate_private_key(65537, 2048)
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    for content in (b"no key", private.private_bytes(serialization.Encoding.PEM, form, plain)):
        file.write_bytes(content)
        with pytest.raises(
            SignatureError, match=r"x\.pem cannot sign: .* `\./mainline signing-key` makes one that can"
        ):
            statement.sign(b"{}", file)
