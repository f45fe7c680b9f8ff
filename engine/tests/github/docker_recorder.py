#!/usr/bin/env python3
"""A recorder for docker: takes the documented command line of the few commands that are used, and keeps what was asked.

No engine runs on the machines of these tests, so no image is built: it looks at what would be, and stands in for the
registry with a file, which the variable DOCKER_RECORDS names.
"""

import argparse
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

REGISTRY = "ghcr.io"
BASES = {"python:3.11-slim-bookworm": "sha256:" + "ba5e" * 16}


def main() -> int:
    """Run one command; say on standard error that this is not docker."""
    print("docker: the recorder of the tests, not docker", file=sys.stderr)
    file = Path(os.environ["DOCKER_RECORDS"])
    records = read(file)
    chosen = _parser().parse_args()
    records["asked"].append(sys.argv[1:])
    try:
        chosen.run(chosen, records)
    except RuntimeError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    finally:
        file.write_text(json.dumps(records), encoding="utf-8")
    return 0


def read(file: Path) -> dict[str, Any]:
    """Return what was recorded: `asked`, `built` by image, `pushed` by image, and the `tokens` that pushed."""
    empty: dict[str, Any] = {"asked": [], "built": {}, "pushed": dict(BASES), "tokens": []}
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else empty


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="docker")
    commands = parser.add_subparsers(required=True)
    login = commands.add_parser("login")
    login.set_defaults(run=_login)
    login.add_argument("server", choices=[REGISTRY])
    login.add_argument("--username", required=True)
    login.add_argument("--password-stdin", action="store_true", required=True)
    build = commands.add_parser("build")
    build.set_defaults(run=_build)
    build.add_argument("--file", required=True)
    build.add_argument("--tag", required=True)
    build.add_argument("--build-arg", action="append", required=True)
    build.add_argument("--label", action="append", default=[])
    build.add_argument("context", choices=["-"])
    push = commands.add_parser("push")
    push.set_defaults(run=_push)
    push.add_argument("image")
    tools = commands.add_parser("buildx").add_subparsers(required=True).add_parser("imagetools")
    inspect = tools.add_subparsers(required=True).add_parser("inspect")
    inspect.set_defaults(run=_inspect)
    inspect.add_argument("--format", choices=["{{json .Manifest}}"], required=True)
    inspect.add_argument("image")
    return parser


def _login(_: argparse.Namespace, __: dict[str, Any]) -> None:
    (Path(os.environ["DOCKER_CONFIG"]) / "config.json").write_text(sys.stdin.read())


def _build(chosen: argparse.Namespace, records: dict[str, Any]) -> None:
    with tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read())) as context:
        names = context.getnames()
        if chosen.file not in names:
            raise RuntimeError(f"failed to read dockerfile: open {chosen.file}: no such file or directory")
        (base,) = (value.removeprefix("BASE=") for value in chosen.build_arg)
        if base not in {f"{name}@{digest}" for name, digest in BASES.items()}:
            raise RuntimeError(f"{base}: not found")
    records["built"][chosen.tag] = {"labels": dict(label.split("=", 1) for label in chosen.label), "files": names}


def _push(chosen: argparse.Namespace, records: dict[str, Any]) -> None:
    login = Path(os.environ["DOCKER_CONFIG"]) / "config.json"
    if not login.exists():
        raise RuntimeError("denied: permission_denied: write_package")
    if chosen.image not in records["built"]:
        raise RuntimeError(f"An image does not exist locally with the tag: {chosen.image}")
    content = json.dumps([records["built"][chosen.image], len(records["asked"])]).encode()
    records["pushed"][chosen.image] = f"sha256:{hashlib.sha256(content).hexdigest()}"
    records["tokens"].append(login.read_text())


def _inspect(chosen: argparse.Namespace, records: dict[str, Any]) -> None:
    if os.environ.get("DOCKER_BROKEN"):
        raise RuntimeError("failed to do request: dial tcp: i/o timeout")
    if chosen.image not in records["pushed"]:
        raise RuntimeError(f"{chosen.image}: not found")
    media = "application/vnd.oci.image.index.v1+json"
    print(json.dumps({"mediaType": media, "digest": records["pushed"][chosen.image], "size": 1609}))


if __name__ == "__main__":
    sys.exit(main())
