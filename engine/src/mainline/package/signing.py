"""Signatures of packages (OpenSSF model-signing, an EC key pair), made at release and verified without a network."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from mainline import files
from mainline.errors import MainlineError
from mainline.package import manifest
from mainline.repository.git import git

KEY = "MAINLINE_SIGNING_KEY"
"""Names a file with the private key, where it is not the one that `./mainline signing-key` made."""

PUBLIC = Path("deploy/keys")

LATER = "signatures"
"""The folder beside the public keys that holds what was signed after its release, by the package's digest."""


class SignatureError(MainlineError):
    """A package is not signed by a key that this repository trusts."""


def make_keys(name: str) -> tuple[Path, Path]:
    """Make a key pair: the private key inside git's own folder, where it cannot be committed; the public one beside it.

    Returns:
        The private and the public key's file.

    A private key that is there already is kept, and only its public key is written where that is missing.

    Raises:
        SignatureError: when both are there.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private, public = _own_key(), PUBLIC / f"{name}.pub"
    if public.exists():
        raise SignatureError(f"{public} exists; versions are verified with it. Keep it, or choose another name.")
    encoding = serialization.Encoding.PEM
    if not private.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        plain = made.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        files.replace(private, plain, mode=0o600)
    key = serialization.load_pem_private_key(private.read_bytes(), password=None)
    public.parent.mkdir(parents=True, exist_ok=True)
    public.write_bytes(key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def private_key() -> Path | None:
    """Return the private key's file: what the environment names, or what `signing-key` made; None without one.

    Raises:
        SignatureError: when the environment names a file that is not there.
    """
    named = os.environ.get(KEY)
    if named:
        if not Path(named).is_file():
            raise SignatureError(f"{KEY} names {named}, which is not a file. Name the private key, or unset it.")
        return Path(named)
    return _own_key() if _own_key().is_file() else None


def sign(package: Path, key: Path) -> dict[str, Any]:
    """Sign every file of a package; return the bundle.

    Raises:
        SignatureError: when it is not a key.
    """
    from model_signing import signing

    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch) / "signature.json"
        try:
            signing.Config().use_elliptic_key_signer(private_key=key).sign(_plain(package, Path(scratch)), bundle)
        except (ValueError, TypeError) as error:
            raise SignatureError(f"{key} cannot sign: {error}. `./mainline signing-key` makes one that can.") from error
        return dict(json.loads(bundle.read_text(encoding="utf-8")))


def check(package: Path, bundle: dict[str, Any] | None, required: bool, trusted: Path = PUBLIC) -> str:
    """Return the name of the key that signed a package, '' for one that need not be signed and is not.

    Raises:
        SignatureError: as `verify`, when a signature is required or there is one.
    """
    return verify(package, bundle, trusted) if required or _bundles(package, bundle, trusted) else ""


def verify(package: Path, bundle: dict[str, Any] | None, trusted: Path = PUBLIC) -> str:
    """Verify a package with the public keys of this repository; return the name of the one that fits.

    Raises:
        SignatureError: when there is no signature, no key, or none of the keys made it over just these files.
    """
    from model_signing import verifying

    keys, bundles = sorted(trusted.glob("*.pub")), _bundles(package, bundle, trusted)
    if not bundles:
        raise SignatureError(
            "the package is not signed. A released one is signed by `./mainline sign VERSION`, where the key is; "
            f"merge what that writes. A new one is signed where there is a key: `./mainline signing-key`, or {KEY}."
        )
    if not keys:
        raise SignatureError(
            f"there is no public key in {trusted}. `./mainline signing-key` makes a pair; commit its .pub."
        )
    reasons = []
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "signature.json"
        plain = _plain(package, Path(scratch))
        for made in bundles:
            file.write_text(json.dumps(made), encoding="utf-8")
            for key in keys:
                try:
                    verifying.Config().use_elliptic_key_verifier(public_key=key).verify(plain, file)
                    return key.stem
                except Exception as error:  # a hostile bundle may fail anywhere in the library; all of it is a refusal
                    reasons.append(f"{key.name}: {' '.join(str(error).split())[:120] or type(error).__name__}")
    raise SignatureError(
        f"no trusted key made this signature over these files ({'; '.join(reasons)[:400]}). If its key is lost or not "
        "trusted any more, `./mainline sign VERSION` signs it with today's."
    )


def keep(package: Path, digest: str, trusted: Path = PUBLIC) -> Path:
    """Sign a released package with the private key that is here; return the file that holds the signature.

    Raises:
        SignatureError: when there is no private key here, or none of the public ones belongs to it.
    """
    key = private_key()
    if key is None:
        raise SignatureError(
            f"there is no private key here. Run this where it is, or name its file ({KEY}). `./mainline signing-key` "
            "makes one; commit its .pub."
        )
    bundle = sign(package, key)
    verify(package, bundle, trusted)
    file = trusted / LATER / f"{digest}.json"
    files.replace(file, json.dumps(bundle, indent=1) + "\n")
    return file


def _bundles(package: Path, bundle: dict[str, Any] | None, trusted: Path) -> list[dict[str, Any]]:
    """Return the signatures of a package: that of its release, and the one that was made later.

    Raises:
        SignatureError: when the file of the later one is not JSON.
    """
    found = [] if bundle is None else [bundle]
    try:
        digest = str(json.loads((package / manifest.NAME).read_text(encoding="utf-8"))["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return found  # whoever reads the package says what is wrong with it
    file = trusted / LATER / f"{Path(digest).name}.json"
    if file.is_file():
        try:
            found.append(dict(json.loads(file.read_text(encoding="utf-8"))))
        except (ValueError, TypeError) as error:
            raise SignatureError(f"{file} is not a signature. `./mainline sign VERSION` writes it again.") from error
    return found


def _plain(package: Path, scratch: Path) -> Path:
    """Return a package without links, which the library refuses: itself, or a verified copy where DVC's cache links.

    Raises:
        PackageError: when it is not as it was sealed.
    """
    if not any(path.is_symlink() for path in package.rglob("*")):
        return package
    _, contents = manifest.read(package)
    contents[manifest.NAME] = (package / manifest.NAME).read_bytes()
    for name, content in contents.items():
        file = scratch / "package" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return scratch / "package"


def _own_key() -> Path:
    return Path(git("rev-parse", "--git-common-dir").strip()) / "mainline" / "signing-key.pem"
