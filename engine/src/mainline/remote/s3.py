"""S3 in little memory: objects go from and to it as streams, and its own checksum says what arrived.

s3fs holds whole parts of 50 MB, several of them for each transfer. Here an object of up to a gibibyte is one request
whose body is read from the disk, so the ETag that the store computes is the MD5 of the content: the object's name.
"""

import base64
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from mainline.text import span

SKEW = 900.0
"""Seconds that a request's time may differ from the store's; S3 refuses more, mostly by a bare `Forbidden`."""
JOBS = 4
"""Transfers that are open at a time; each holds some megabytes."""
WHOLE = 1 << 30
"""Bytes up to which an object is sent by one request; a larger one goes in parts, and its ETag is not an MD5."""
_PART = 8 << 20
_PARTS = 10_000
"""How many parts S3 takes."""
_LISTED = 1000
"""Versions that a page lists, at most S3's own thousand."""
_CHUNK = 1 << 18  # bytes


def is_s3(files: Any) -> bool:
    """Whether a file system of DVC's is S3."""
    return bool(files.protocol == "s3")


def tell_clock(error: BaseException) -> str:
    """Say by how much this machine's clock is wrong, if the store's refusal has another time; else ''."""
    answer = getattr(error.__cause__, "response", None) or {}
    try:
        said = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
    except (LookupError, TypeError, ValueError):
        return ""
    ahead = time.time() - said
    if abs(ahead) <= SKEW:
        return ""
    which = "ahead of" if ahead > 0 else "behind"
    return f"This machine's clock is {span(abs(ahead))} {which} the store's, which refuses that: set the clock. "


def send(files: Any, source: str, target: str, oid: str) -> None:
    """Send a file of this machine; the store refuses one that is not what its object's name says.

    Args:
        files: the store's file system, as DVC opens it.
        source: the file.
        target: where the object will be.
        oid: its name.
    """
    size = Path(source).stat().st_size
    if size > WHOLE:
        files.fs.put_file(source, target, chunksize=max(_PART, -(-size // _PARTS)), max_concurrency=1)
        return
    checksum = base64.b64encode(bytes.fromhex(oid.removesuffix(".dir"))).decode()
    with Path(source).open("rb") as body:
        files.fs.call_s3("put_object", **_place(files, target), Body=body, ContentMD5=checksum)
    files.fs.invalidate_cache(target)


def chunks(files: Any, path: str) -> Iterator[bytes]:
    """Read an object piece by piece, in one request.

    Raises:
        FileNotFoundError: when it is not there.
    """
    from fsspec.asyn import sync

    body = files.fs.call_s3("get_object", **_place(files, path), **files.fs.req_kw)["Body"]
    try:
        while piece := sync(files.fs.loop, body.read, _CHUNK):
            yield piece
    finally:
        body.close()


def is_vouched(files: Any, path: str, oid: str) -> bool:
    """Whether the store's own checksum, taken when the object arrived, is what its name says; False if it has none."""
    try:
        found = files.fs.call_s3("head_object", **_place(files, path), **files.fs.req_kw)
    except FileNotFoundError:
        return False
    return str(found.get("ETag", "")).strip('"') == oid.removesuffix(".dir")


def erase(files: Any, path: str) -> None:
    """Remove every version of an object that a bucket keeps, the newest last; one that is not there is no error.

    Raises:
        PermissionError: when the versions may not be listed or removed.
    """
    place = _place(files, path)
    before: list[str] = []
    while versions := _versions(files, place):
        older = [one["VersionId"] for one in versions if not one.get("IsLatest")]
        removed = older or [one["VersionId"] for one in versions]
        if removed == before:
            raise PermissionError(f"{path}: the store keeps its version {removed[0]}, which it was asked to remove")
        for version in removed:
            files.fs.call_s3("delete_object", **place, VersionId=version)
        before = removed
    files.fs.invalidate_cache(path)


def _versions(files: Any, place: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """List versions and marks of removal of an object: a page of them, since its name comes first of those alike."""
    page = files.fs.call_s3("list_object_versions", Bucket=place["Bucket"], Prefix=place["Key"], MaxKeys=_LISTED)
    listed = [one for kind in ("Versions", "DeleteMarkers") for one in page.get(kind) or ()]
    return [one for one in listed if one["Key"] == place["Key"]]


def prepare_clients() -> None:
    """Let clients of S3 send without asking for leave, and send a file from its start at each try.

    While clients wait for leave (`Expect`), aiohttp has no limit. When s3fs tries again, as if S3 asks for patience, it
    sends a file that is already at its end, so that the object arrives empty.
    """
    from botocore import handlers

    kept = [one for one in handlers.BUILTIN_HANDLERS if one[1] not in (handlers.add_expect_header, _rewind)]
    handlers.BUILTIN_HANDLERS[:] = [*kept, ("provide-client-params.s3.PutObject", _rewind)]


def _rewind(params: Mapping[str, Any], **_: Any) -> None:
    body: Any = params.get("Body")
    if hasattr(body, "seek"):
        body.seek(0)


def _place(files: Any, path: str) -> dict[str, str]:
    bucket, key, _ = files.fs.split_path(path)
    return {"Bucket": bucket, "Key": key}
