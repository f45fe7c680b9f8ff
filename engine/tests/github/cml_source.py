"""A source that `./mainline cml` brings as if it were CML's: its program is the recorder of the tests.

The declaration that fits it is made beside it, so the script that brings CML runs as it is, with Node.js and npm.
"""

import io
import json
import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest

from mainline.github import program

RECORDER = Path(__file__).with_name("cml_recorder.py")
VERSION = "0.0.1"
ENTRY = f"""\
const {{ spawnSync }} = require('child_process');
if (process.argv[2] === '--version') {{ console.log('{VERSION}'); process.exit(0); }}
process.exit(spawnSync('{RECORDER}', process.argv.slice(2), {{ stdio: 'inherit' }}).status ?? 1);
"""


def needs_node() -> None:
    """Pass a test by, and say so, where there is no Node.js for what it brings to run on."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node.js and npm are not installed; CML is a program for them")


def pack(file: Path, entry: str = ENTRY, name: str = program.ENTRY) -> str:
    """Write an archive of source as GitHub makes it, and return the address to take it from."""
    with tarfile.open(file, "w:gz") as archive:
        member = tarfile.TarInfo(f"cml-{'0' * 40}/{name}")
        member.size = len(entry.encode())
        archive.addfile(member, io.BytesIO(entry.encode()))
    return file.as_uri()


def declare(folder: Path, source: str, entry: str = ENTRY) -> Path:
    """Write the declaration of a source without libraries into `requirements/cml` below a folder; return the file."""
    own = folder / program.FOLDER
    own.mkdir(parents=True, exist_ok=True)
    package = {"name": "mainline-cml", "private": True}
    lock = {"name": "mainline-cml", "lockfileVersion": 3, "requires": True, "packages": {"": {"name": "mainline-cml"}}}
    (own / "package-lock.json").write_text(json.dumps(lock))
    with tempfile.TemporaryDirectory() as alone:
        file = Path(alone) / program.ENTRY
        file.parent.mkdir()
        file.write_text(entry)
        declared = {"version": VERSION, "source": source, "sha256": program.digest(Path(alone))}
    file = own / "package.json"
    file.write_text(json.dumps({**package, "cml": declared}, indent=2))
    return file
