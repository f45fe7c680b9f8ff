"""A statement that binds files to a package, signed: in-toto Statement v1 in a DSSE envelope.

It is made with the key that signs releases, and verified with the public keys of `deploy/keys`. A signature of a
package (OpenSSF model-signing) is such an envelope too, by the same key, so the `predicateType` counts. Sources:
in-toto/attestation `spec/v1`, secure-systems-lab/dsse `protocol.md`.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainline import text
from mainline.package import manifest, signing
from mainline.package.signing import SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

SIGNED, UNSIGNED = "statement.dsse.json", "statement.json"
"""The file that holds the statement, with a signature and without one."""
TYPE, PREDICATE = "https://in-toto.io/Statement/v1", "urn:mainline:evidence:v1"
PAYLOAD = "application/vnd.in-toto+json"

_MOST = 10_000_000
"""Bytes of an envelope, at most."""


def compose(files: Mapping[str, bytes], package: tuple[str, str], predicate: Mapping[str, Any]) -> bytes:
    """Return the statement on files and a package: the same content gives the same bytes.

    Args:
        files: the content of each file by its name.
        package: the name of a version, such as `model@v1.0.0`, and the digest of its package.
        predicate: what is said of them.
    """
    subjects = {name: manifest.sha256(content) for name, content in files.items()} | {package[0]: package[1]}
    listed = [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())]
    statement = {"_type": TYPE, "subject": listed, "predicateType": PREDICATE, "predicate": predicate}
    return (json.dumps(statement, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def sign(payload: bytes, key: Path) -> bytes:
    """Return the envelope of a statement; the signature has no chance in it (RFC 6979), so it repeats.

    Raises:
        SignatureError: when the key cannot sign.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError("it is not a key of an elliptic curve")
        how = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        made = private.sign(_encoded(PAYLOAD, payload), how)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SignatureError(f"{key} cannot sign: {error}. `./mainline signing-key` makes one that can.") from error
    signature = {"keyid": _name(private.public_key()), "sig": base64.b64encode(made).decode()}
    envelope = {"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD, "signatures": [signature]}
    return (json.dumps(envelope, indent=1, sort_keys=True) + "\n").encode()


def verify(files: Mapping[str, bytes], package: tuple[str, str], trusted: Path = signing.PUBLIC) -> str:
    """Hold files to their signed statement; return the name of the key that signed it.

    Args:
        files: all files by name, the statement among them.
        package: the name of a version and the digest of its package, of which the statement must be.
        trusted: the folder of the public keys.

    Raises:
        SignatureError: when there is no signed statement, none of the keys signed it, it is of another package
            or version, or a file is not the one that it names, is missing, or is not named.
    """
    if SIGNED not in files:
        raise SignatureError(
            "there is no signed evidence of it. `./mainline evidence VERSION --publish`, where the key is, makes it."
        )
    payload, key = _open(files[SIGNED], trusted)
    named = _subjects(payload)
    name, digest = package
    if digest not in named.values():
        raise SignatureError("the signed evidence is of another package.")
    if named.pop(name, "") != digest:
        raise SignatureError("the signed evidence is of another version.")
    for name, content in files.items():
        if name != SIGNED and named.get(name) != manifest.sha256(content):
            raise SignatureError(f"{text.clean(name)[:80]} of its evidence is not the file that was signed.")
    missing = sorted(named.keys() - files.keys())
    if missing:
        raise SignatureError(f"{text.clean(missing[0])[:80]} of its evidence is missing.")
    return key


def _open(envelope: bytes, trusted: Path) -> tuple[bytes, str]:
    """Return the statement of an envelope, and the name of the trusted key that signed it."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    payload, signatures = _parts(envelope)
    for file in sorted(trusted.glob("*.pub")):
        try:
            public = serialization.load_pem_public_key(file.read_bytes())
        except (ValueError, UnsupportedAlgorithm):
            continue  # a file that is not a key signed nothing
        for signature in signatures:
            if isinstance(public, ec.EllipticCurvePublicKey):
                try:
                    public.verify(signature, _encoded(PAYLOAD, payload), ec.ECDSA(hashes.SHA256()))
                    return payload, file.stem
                except InvalidSignature:
                    continue
    raise SignatureError(f"no key of {trusted} signed its evidence. `./mainline evidence VERSION --publish` signs it.")


def _parts(envelope: bytes) -> tuple[bytes, list[bytes]]:
    """Return the payload of an envelope and its signatures."""
    try:
        if len(envelope) > _MOST:
            raise ValueError
        found = json.loads(envelope)
        if found["payloadType"] != PAYLOAD:
            raise ValueError
        payload = base64.b64decode(found["payload"], validate=True)
        return payload, [base64.b64decode(one["sig"], validate=True) for one in found["signatures"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SignatureError(f"{SIGNED} of its evidence is not a signed statement.") from error


def _subjects(payload: bytes) -> dict[str, str]:
    """Return the digest of each subject of a statement on evidence."""
    try:
        statement = json.loads(payload)
        if (statement["_type"], statement["predicateType"]) != (TYPE, PREDICATE):
            raise ValueError
        named = {str(one["name"]): str(one["digest"]["sha256"]) for one in statement["subject"]}
        if len(named) < len(statement["subject"]):
            raise ValueError
        return named
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SignatureError("what the key signed is not a statement on evidence.") from error


def _encoded(kind: str, payload: bytes) -> bytes:
    """Return what is signed: DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def _name(public: "EllipticCurvePublicKey") -> str:
    """Name a key as model-signing does: the SHA-256 of its PEM."""
    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(public.public_bytes(serialization.Encoding.PEM, form)).hexdigest()
