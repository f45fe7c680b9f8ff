"""What tests of a deployment found, as tags: everybody sees who tested which version where, and promotion reads it.

`tested/staging/v1.2.0/load/2`: the second load test of version 1.2.0 in staging. The highest number counts, whether it
went well or not. A record speaks of one package, by its digest, and of the service as it was declared then.
"""

import contextlib
import hashlib
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from mainline.declared.service import Settings
from mainline.documents import Count, Hex, Name, Number, Text
from mainline.errors import MainlineError
from mainline.registry import maker, publication, records
from mainline.registry.publication import Tag, TakenError
from mainline.registry.records import Record, RecordError
from mainline.registry.tags import NUMBER, Version
from mainline.repository.git import ask, raw

Kind = Literal["smoke", "load"]
_NUMBER = re.compile(NUMBER)
_TRIES = 5
_FORM = "--format=%(refname:lstrip=6)%00%(*objectname)%00%(contents)%00%01"


class Load(Record):
    """What was asked of a service, and what came back: seconds, but `p99_ms`; `errors` is a share."""

    rate: Number
    seconds: Number
    rows: Count
    connections: Count
    per_second: Number
    p99_ms: Number
    errors: Annotated[float, Field(ge=0, le=1)]


class Tested(Record):
    """A test of a version in an environment; `failed` names what was wrong, and `load` is of a load test.

    `service` is the hash of the environment's section `service`, as the tester's checkout had it.
    """

    format: Literal[1] = 1
    kind: Kind
    version: Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+$")]
    environment: Name
    digest: Hex
    service: Hex
    failed: Text
    load: Load | None
    by: Text
    registry: Text | None = None


def declaration(service: Settings) -> str:
    """Return the hash of a section `service`."""
    return hashlib.sha256(service.model_dump_json().encode()).hexdigest()


def newest(kind: Kind, version: Version, environment: str) -> Tested | None:
    """Return the newest test of a version's package in an environment; None where there is none.

    A tag elsewhere than at the version's commit, of another package or of a repository whose versions do not count
    here is none.
    """
    digest = version.release.digest if version.release else ""
    ours = {None, maker.name(), *maker.adopted()}
    for _, commit, message in sorted(_tags(kind, version, environment), reverse=True):
        try:
            found = records.read(message, Tested)
        except RecordError:
            continue
        said = (found.kind, found.version, found.environment, found.digest)
        if commit == version.commit and said == (kind, version.name, environment, digest) and found.registry in ours:
            return found
    return None


def record(
    kind: Kind, version: Version, environment: str, service: Settings, failed: str, load: Load | None = None
) -> str:
    """Publish what a test found; return the tag's name.

    Raises:
        MainlineError: when the version's tag has no record, or the tag cannot be pushed.
    """
    if version.release is None:
        raise MainlineError(f"the tag of {version.name} has no record of its package, so no test can be held to it.")
    found = Tested(
        kind=kind, version=version.name, environment=environment, digest=version.release.digest,
        service=declaration(service), failed=failed[:600], load=load, by=ask("config", "user.name") or "unknown",
        registry=maker.name(),
    )  # fmt: skip
    line = f"{kind} test of {version.name} in {environment}: {failed[:600] or 'passed'}"
    for _ in range(_TRIES):
        publication.fetch()
        number = max((number for number, _, _ in _tags(kind, version, environment)), default=0) + 1
        tag = f"tested/{environment}/{version.name}/{kind}/{number}"
        with contextlib.suppress(TakenError):
            publication.publish([Tag(tag, version.commit, records.write([line], found))])
            return tag
    raise MainlineError(f"others recorded tests of {version.name} {_TRIES} times in a row. Run this again.")


def _tags(kind: Kind, version: Version, environment: str) -> Iterator[tuple[int, str, str]]:
    """Yield number, commit and message of each tag."""
    folder = f"refs/tags/tested/{environment}/{version.name}/{kind}/"
    for entry in raw("for-each-ref", _FORM, folder).split(b"\0\1\n"):
        parts = entry.decode("utf-8", errors="replace").split("\0")
        if len(parts) == len(("number", "commit", "message")) and _NUMBER.fullmatch(parts[0]):
            yield int(parts[0]), parts[1], parts[2]
