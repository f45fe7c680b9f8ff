"""Objects of a versioned S3 store by the versions that git names: what `dvc import-url --version-aware` wrote.

A `.dvc` file has the version of each object. Whoever reads one asks the store for that version, so an object that was
overwritten since is read as it was; one that is gone, or whose bytes are others, is a line. Credentials are those of
the machine that reads, and are in no reference.
"""

import configparser
import hashlib
import json
import posixpath
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from mainline.errors import MainlineError

FILE = ".dvc"
"""How the names of files end that name versions."""
CONFIGS = (Path(".dvc/config"), Path(".dvc/config.local"))
CACHE = Path(".dvc/cache/files/md5")
_REMOTE = re.compile(r"""'?remote "(.+)"'?""")
_GONE = ("404", "405", "MethodNotAllowed", "NoSuchBucket", "NoSuchKey", "NoSuchVersion", "NotFound")
_NONE = "null"
"""The version of an object that was written while its bucket kept no versions."""


class VersionError(MainlineError):
    """A version that git names cannot be read, or is not what git names."""


class Store(NamedTuple):
    """Where objects are; AWS's own place and the machine's region if nothing is said."""

    endpoint: str = ""
    region: str = ""


class Patience(NamedTuple):
    """How often a request is tried, and the seconds that a try waits for a connection and for each answer."""

    attempts: int
    connect: float
    read: float


USUAL = Patience(3, 10, 60)


class Version(NamedTuple):
    """A version of an object.

    Args:
        path: where the file is in a workspace that has it.
        file: the `.dvc` file that names it.
        url: of the object, `s3://BUCKET/KEY`.
        version_id: of the version.
        etag: by which the store knows its content.
        size: in bytes.
        md5: of the content; '' if it was never downloaded.
        store: where it is.
    """

    path: str
    file: str
    url: str
    version_id: str
    etag: str
    size: int
    md5: str = ""
    store: Store = Store()

    def fetch(self) -> bytes:
        """Read the content.

        Raises:
            VersionError: when the store does not have it, or not as git names it.
        """
        from botocore.exceptions import BotoCoreError

        try:
            content = bytes(self._ask("get_object")["Body"].read())
        except BotoCoreError as error:  # the connection broke after the answer had begun
            raise self._unread(error) from error
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if len(content) != self.size or self.md5 not in ("", found):
            raise self._other(f"{len(content):,} bytes with MD5 {found}", f"{self.size:,} bytes with MD5 {self.md5}")
        return content

    def check(self, patience: Patience = USUAL) -> None:
        """Ask the store whether it has the version.

        Args:
            patience: with which it is asked.

        Raises:
            VersionError: as `fetch`.
        """
        self._ask("head_object", patience)

    def _ask(self, operation: str, patience: Patience = USUAL) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        named = urlsplit(self.url)
        place = {"Bucket": named.netloc, "Key": named.path.lstrip("/")}
        if self.version_id and self.version_id != _NONE:
            place["VersionId"] = self.version_id
        try:
            answer = getattr(_client(self.store, patience), operation)(**place)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _GONE:
                raise VersionError(
                    f"{self.file} names version {self.version_id} of {self.url}, and the store does not have it. Put "
                    f"it back there; or take what is there now: `dvc update {self.file}`."
                ) from error
            raise VersionError(
                f"{self.url} cannot be read ({code}). Each machine that reads it needs credentials of its own for the "
                "store, in its environment."
            ) from error
        except (BotoCoreError, ValueError) as error:  # the second one of an endpoint that is not an address
            raise self._unread(error) from error
        etag = str(answer.get("ETag", "")).strip('"')
        if self.etag not in ("", etag):
            raise self._other(f"a content with ETag {etag}", f"one with {self.etag}")
        return answer

    def _unread(self, error: Exception) -> VersionError:
        said = " ".join(str(error).split())[:200]
        return VersionError(f"{self.url} cannot be read: {said}. Is `store` in compute.yaml right?")

    def _other(self, found: str, named: str) -> VersionError:
        return VersionError(
            f"{self.url} was changed since git named it: it has {found}, and {self.file} names {named}. Put the "
            f"content back; or take what is there now: `dvc update {self.file}`."
        )


def below(folder: Path, store: Store | None) -> dict[str, Version]:
    """Return the versions that git names of files of a folder, by their paths; see `named`."""
    files = [file for file in (folder.with_suffix(FILE), *sorted(folder.rglob(f"*{FILE}"))) if file.is_file()]
    texts = ((file, file.read_text(encoding="utf-8", errors="replace")) for file in files)
    return {version.path: version for file, text in texts for version in named(text, file.as_posix(), store)}


def named(content: str, file: str, store: Store | None = None) -> list[Version]:
    """List the versions that a `.dvc` file names; none if it is not a version-aware import from S3.

    Args:
        content: of the file.
        file: its path from the root of the repository.
        store: where the objects are; what `.dvc/config` says of a remote without it.

    Raises:
        VersionError: when it is not what DVC writes, or names a remote that nothing declares.
    """
    try:
        said = yaml.safe_load(content)
        source = (said.get("deps") or [{}])[0]
        if not (source.get("fs_config") or {}).get("version_aware"):
            return []
        out = said["outs"][0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), said.get("wdir") or "", out["path"]))
        url, own = _resolved(source["path"], file)
        if not url.startswith("s3://"):
            return []
        known = _listed(out.get("md5", ""))
        below = [("", source | {"md5": out.get("md5", "")})] if "files" not in source else [
            (f"/{entry['relpath']}", entry | {"md5": known.get(entry["relpath"], "")}) for entry in source["files"]
        ]  # fmt: skip
        return [
            Version(
                path + tail, file, url + tail, str(entry.get("version_id", "")), str(entry.get("etag", "")).strip('"'),
                int(entry["size"]), entry["md5"], store or own,
            )
            for tail, entry in below
        ]  # fmt: skip
    except (yaml.YAMLError, AttributeError, KeyError, RecursionError, TypeError, ValueError, IndexError) as error:
        raise VersionError(f"{file} cannot be read: it is not what DVC writes. Take it from git again.") from error


def _resolved(path: str, file: str) -> tuple[str, Store]:
    """Return the address of what is imported, with a remote of DVC's in the place of its name.

    Raises:
        VersionError: when no such remote is declared.
    """
    if not path.startswith("remote://"):
        return path.rstrip("/"), Store()
    name, _, rest = path.removeprefix("remote://").partition("/")
    remote = _remotes().get(name)
    if remote is None or "url" not in remote:
        raise VersionError(f"{file} names remote '{name}', which .dvc/config does not declare. Add it there.")
    return f"{remote['url'].rstrip('/')}/{rest}".rstrip("/"), Store(
        remote.get("endpointurl", ""), remote.get("region", "")
    )


def _remotes() -> Mapping[str, Mapping[str, str]]:
    """Return the settings of each remote of DVC's by its name."""
    found: dict[str, dict[str, str]] = {}
    for config in CONFIGS:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(config, encoding="utf-8")
        for section in parser.sections():
            if match := _REMOTE.fullmatch(section):
                found.setdefault(match[1], {}).update(parser[section])
    return found


def _listed(oid: str) -> dict[str, str]:
    """Return the MD5 of each file of a folder whose listing the cache has."""
    if not oid.endswith(".dir"):
        return {}
    try:
        return {entry["relpath"]: entry["md5"] for entry in json.loads((CACHE / oid[:2] / oid[2:]).read_bytes())}
    except OSError:
        return {}


_clients: dict[tuple[Store, Patience], Any] = {}
_making = threading.Lock()


def _client(store: Store, patience: Patience) -> Any:
    """Return a client of S3, which has no thread of its own: the watch on work takes threads for what the work does.

    Several threads may have the same one.
    """
    with _making:
        if (store, patience) not in _clients:
            try:
                import botocore.session
                from botocore.config import Config
            except ImportError as error:
                raise VersionError(
                    "an S3 store needs the library `botocore`, which is not installed here. Install what "
                    "requirements/main.txt names, as `./mainline deps` does."
                ) from error
            config = Config(
                retries={"total_max_attempts": patience.attempts},
                connect_timeout=patience.connect, read_timeout=patience.read,
            )  # fmt: skip
            _clients[store, patience] = botocore.session.Session().create_client(
                "s3", region_name=store.region or None, endpoint_url=store.endpoint or None, config=config
            )
        return _clients[store, patience]
