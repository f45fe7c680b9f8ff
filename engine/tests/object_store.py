"""A real S3 server for the tests: SeaweedFS in one process, on this machine only, ended with everything it started."""

import contextlib
import functools
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

KEY, SECRET = "tests", "tests-secret"
LIMIT = 60.0  # seconds until a server that does not answer counts as failed
_PARTS = ("master.port", "volume.port", "filer.port", "s3.port", "admin.port")
_GRPC = 10_000  # its parts look for each other's second listener at this distance
_UNUSED = ("-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false")


@dataclass(frozen=True)
class ObjectStore:
    """A bucket, where it is, and what a client must have in its environment."""

    endpoint: str
    bucket: str = "dvc"
    environment: Mapping[str, str] = field(
        default_factory=lambda: {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )

    def url(self, prefix: str) -> str:
        """Return the address of a part of the bucket, as DVC takes it."""
        return f"s3://{self.bucket}/{prefix}"

    def keys(self, prefix: str = "") -> list[str]:
        """List every object under a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read(self, *keys: str) -> dict[str, bytes]:
        """Return the content of objects."""
        return {key: self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}

    def write(self, key: str, content: bytes) -> None:
        """Put an object."""
        self._client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def remove(self, *keys: str) -> None:
        """Remove objects."""
        for key in keys:
            self._client.delete_object(Bucket=self.bucket, Key=key)

    @contextlib.contextmanager
    def keeping_versions(self) -> Iterator[None]:
        """Let the bucket keep older versions for a while."""
        self._client.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        try:
            yield
        finally:
            self._client.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Suspended"})

    def versions(self, prefix: str) -> list[tuple[str, str]]:
        """List every version and every mark of a removal under a prefix: key and name of the version."""
        found = self._client.list_object_versions(Bucket=self.bucket, Prefix=prefix)
        return [(one["Key"], one["VersionId"]) for kind in ("Versions", "DeleteMarkers") for one in found.get(kind, ())]

    def remove_version(self, key: str, version: str) -> None:
        """Remove a version, or a mark of a removal, for good."""
        self._client.delete_object(Bucket=self.bucket, Key=key, VersionId=version)

    def flip(self, key: str, bit: int = 0) -> None:
        """Change one bit of an object."""
        content = bytearray(self.read(key)[key])
        content[bit // 8 % len(content)] ^= 1 << bit % 8
        self.write(key, bytes(content))

    def wrong(self, prefix: str) -> list[str]:
        """Read every object under a prefix and list those whose content is not what DVC's name for them says."""
        return [key for key, content in self.read(*self.keys(prefix)).items() if not fits(key, content)]

    def answers(self) -> bool:
        """Whether an object can be put and read."""
        try:
            self.write("ready", b"yes")
            return self.read("ready") == {"ready": b"yes"}
        except (BotoCoreError, ClientError):
            return False

    def close(self) -> None:
        """End the connections to the server."""
        self._client.close()

    @functools.cached_property
    def _client(self) -> Any:
        return botocore.session.Session().create_client(
            "s3", region_name="us-east-1", endpoint_url=self.endpoint,
            aws_access_key_id=KEY, aws_secret_access_key=SECRET,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=10),
        )  # fmt: skip


def fits(path: str, content: bytes) -> bool:
    """Whether content is what DVC's name for it says: the MD5, cut after two digits into folder and file."""
    name = "".join(path.split("/")[-2:]).removesuffix(".dir")
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == name


@contextlib.contextmanager
def serve() -> Iterator[ObjectStore]:
    """Start a server, yield its bucket once it answers, and end it.

    It is told of its files from within its folder, whose own name may be anything: sockets of the file system may have
    100 characters, and a comma would end the name of a folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="s3-"))
    ports = _free_ports()
    store = ObjectStore(f"http://127.0.0.1:{ports['s3.port']}")
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            _command(folder, ports, store.bucket), stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    try:
        _wait(running, store, folder / "log")
        yield store
    finally:
        store.close()
        _end(running)
        for port in ports.values():  # the sockets between its parts, where it was not given the time to remove them
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - the server's own choice
                left.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _command(folder: Path, ports: Mapping[str, int], bucket: str) -> list[str]:
    identity = {"accessKey": KEY, "secretKey": SECRET}
    rights = ["Admin", "Read", "Write", "List", "Tagging"]
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [{"name": "tests", "credentials": [identity], "actions": rights}]}))
    sockets = [f"-{part}.localSocket={part}.sock" for part in ("filer", "s3")]
    chosen = [f"-{name}={port}" for name, port in ports.items()]
    local = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-metricsIp=127.0.0.1"]
    places = ["-dir=data", f"-s3.config={config.name}", f"-bucket={bucket}"]
    return ["weed", "-logdir=.", "mini", *places, *local, *chosen, *sockets, *_UNUSED, "-volume.preStopSeconds=0"]


def _free_ports() -> dict[str, int]:
    """Choose a free pair of ports for each part; all are held until all are found, so that none is chosen twice."""
    found: dict[str, int] = {}
    with contextlib.ExitStack() as held:
        while len(found) < len(_PARTS):
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            second = held.enter_context(socket.socket())
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + _GRPC))
            except (OSError, OverflowError):
                continue
            name = _PARTS[len(found)]
            found[name] = port
    return found | {f"{name}.grpc": port + _GRPC for name, port in found.items()}


def _wait(running: "subprocess.Popen[bytes]", store: ObjectStore, log: Path) -> None:
    end = time.monotonic() + LIMIT
    while not store.answers():
        gone = running.poll() is not None
        if gone or time.monotonic() > end:
            raise RuntimeError(f"the S3 server {'ended' if gone else 'does not answer'}: {log.read_text()[-2000:]}")
        time.sleep(0.1)


def _end(running: "subprocess.Popen[bytes]") -> None:
    """End the server and whatever it started: it leads a group of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(5)
