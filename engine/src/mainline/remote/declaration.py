"""Which store `.dvc/config` declares, and whether it can be written, read and cleaned."""

import os
import secrets
from pathlib import Path

from mainline import files
from mainline.errors import MainlineError
from mainline.remote import address
from mainline.remote.address import NAME
from mainline.remote.store import StorageError
from mainline.remote.stores import open_remote
from mainline.repository import dvc

CONFIG = Path(".dvc/config")
LOCAL = Path(".dvc/config.local")
SCHEMES = ("s3://", "/", "./", "../", "gs://", "azure://", "ssh://")
NEEDED = {"s3://": "dvc-s3", "gs://": "dvc-gs", "azure://": "dvc-azure", "ssh://": "dvc-ssh"}


def declare(url: str, endpoint: str = "", region: str = "") -> str:
    """Write a store into `.dvc/config` and try it; the old declaration comes back where the new one does not work.

    Args:
        url: a folder, or a bucket with a prefix such as `s3://bucket/models`. No secret belongs into it.
        endpoint: the address of a store that is compatible with S3.
        region: the bucket's region, where its service asks for one.

    Returns:
        The name under which the store that was declared before is kept; '' where there was none.

    Raises:
        MainlineError: when DVC does not know such an address, or the store cannot be used.
    """
    if not url.startswith(SCHEMES):
        raise MainlineError(f"'{url}' is not a store; allowed are a path (/..., ./...) and {', '.join(NEEDED)}.")
    if "@" in url and url.startswith("s3://"):
        raise MainlineError("a secret does not belong into git; credentials come from the environment.")
    if url.startswith("."):
        url = os.path.abspath(url)  # DVC would take a relative one from wherever it reads it
    before = {file: file.read_bytes() if file.is_file() else b"" for file in (CONFIG, LOCAL)}
    held, former = address.kept(), _former(url)
    try:
        if former:
            _dvc("remote", "rename", NAME, former)
        _dvc("remote", "add", "--force", "--default", NAME, url)
        address.settle()  # a store of this clone's own would stand before it, and DVC take no option for it
        _dvc("remote", "modify", NAME, "verify", "true")
        for option, value in (("endpointurl", endpoint), ("region", region)):
            if value:
                _dvc("remote", "modify", NAME, option, value)
        probe()
    except BaseException:
        for file, content in before.items():
            if file.is_file() and file.read_bytes() != content:
                files.replace(file, content)
        raise
    return former or address.kept().removeprefix(held)


def _former(url: str) -> str:
    """Name the store that another one takes the place of; '' if there is none."""
    from dvc.config import Config

    remotes, own = (Config.load_file(str(file)).get("remote", {}) if file.is_file() else {} for file in (CONFIG, LOCAL))
    if NAME not in remotes or remotes[NAME].get("url") in (url, os.path.relpath(url, CONFIG.parent)):
        return ""
    return address.former(remotes | own)


def probe() -> str:
    """Write, read and remove a small object in the declared store; return its address.

    Raises:
        StorageError: naming the step that failed, and what to look at.
    """
    store = open_remote()
    fs, path = store.files, store.path(f"{secrets.token_hex(16)}")
    content, step = secrets.token_bytes(32), "written"
    try:
        fs.makedirs(fs.parent(path), exist_ok=True)
        fs.pipe_file(path, content)
        step = "read"
        if fs.cat_file(path) != content:
            raise StorageError(f"the store returns other bytes than were written ({path}). Do not use it.")
        step = "cleaned"
        fs.remove(path)
    except StorageError:
        raise
    except Exception as error:  # each kind of storage fails in its own way
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise StorageError(
            f"the store cannot be {step}: {reason}. Credentials come from the environment (for S3: AWS_PROFILE, "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role); the rights: engine/docs/storage.md."
        ) from error
    return path.rpartition("/files/")[0] or path


def _dvc(*arguments: str) -> None:
    finished = dvc.run(*arguments)
    if finished.returncode != 0:
        raise MainlineError(f"dvc says: {dvc.said(finished)}")
