"""`compute.yaml`, which may be left out: where the partitions of the data stages are computed. Results do not change.

It is a dependency of no stage, since the same bytes come out whatever it says. The variable `MAINLINE_COMPUTE` holds
the same keys, for one command, and stands in the place of the whole file.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from mainline.declared import reading
from mainline.declared.reading import Section
from mainline.errors import ParamsError

FILE = Path("compute.yaml")
SETTING = "MAINLINE_COMPUTE"
ADDRESS = re.compile(r"(tcp|tls)://([\w.-]+|\[[\da-fA-F:.]+\]):\d{1,5}")
TLS = "tls: {ca: ca.pem, cert: own.pem, key: own-key.pem}"
EXTRA = "-r extras/dask.in"
MISSING = (
    f"a Dask cluster needs the library `distributed`, which is not installed here. Add the line `{EXTRA}` to "
    "requirements/own.in, and run `engine/run main requirements/lock.sh`; the next command installs it."
)
ENDPOINT = re.compile(r"https?://([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?/?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MOST = 256
"""Processes that can be declared; a number beyond is a slip."""


def _whole(least: int, most: int) -> BeforeValidator:
    """Refuse what is not a whole number between two."""

    def check(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"write a whole number from {least} to {most}")
        return value

    return BeforeValidator(check)


def _address(value: object) -> object:
    """Refuse what does not say where a scheduler listens."""
    if not isinstance(value, str) or not ADDRESS.fullmatch(value):
        raise ValueError("write where the scheduler listens, such as tcp://10.0.0.7:8786 or tls://cluster.lan:8786")
    return value


def _names(value: object) -> object:
    """Refuse what is not a list of names of variables."""
    if not isinstance(value, list) or not all(isinstance(name, str) and VARIABLE.fullmatch(name) for name in value):
        raise ValueError("write a list of names of environment variables, such as [REGION, FISCAL_YEAR], or []")
    return tuple(value)


def _endpoint(value: object) -> object:
    """Refuse what is not the address of a server; a password has no place in it."""
    if not isinstance(value, str) or not ENDPOINT.fullmatch(value):
        raise ValueError("write the address of an S3 server, such as https://s3.lan:9000, without credentials")
    return value


class Certificates(Section):
    """The PEM files of a `tls://` address: the authority's certificate, this machine's own, and its key."""

    ca: str = ""
    cert: str = ""
    key: str = ""

    def files(self) -> dict[str, str]:
        """Return the files by key."""
        return {"ca": self.ca, "cert": self.cert, "key": self.key}


class ObjectStore(Section):
    """Where the objects are that `.dvc` files name by version; without it, where `.dvc/config` or AWS has them."""

    endpoint: Annotated[str, BeforeValidator(_endpoint)] = ""
    region: str = ""


class Compute(Section):
    """The whole file.

    `processes` work on partitions side by side; with one, the stage's own process works, and no other is started. With
    `dask`, the workers of that scheduler do. A partition whose process was ended is tried again, `retries` times. A
    cluster may show no worker, or say nothing, for `silent_seconds`. Its workers see the variables that `environment`
    names; if it is left out, all but those that hold a secret. Data that git names by version is read from `store`.
    """

    processes: Annotated[int, _whole(1, MOST)] = 1
    retries: Annotated[int, _whole(0, 100)] = 3
    dask: Annotated[str, BeforeValidator(_address)] = ""
    tls: Certificates | None = None
    silent_seconds: Annotated[int, _whole(1, 86_400)] = 600
    store: ObjectStore | None = None
    environment: Annotated[tuple[str, ...] | None, BeforeValidator(_names)] = None


def load(file: Path = FILE) -> Compute:
    """Read what is declared: by the variable, else by the file, else the defaults.

    Raises:
        ParamsError: on the first thing wrong.
    """
    said = os.environ.get(SETTING, "")
    if said:
        raw, place = reading.parse(said, "", SETTING), SETTING
        if not isinstance(raw, dict):
            raise ParamsError("", f"is '{said}'", f"write it as in {FILE}, such as {SETTING}='processes: 2'", SETTING)
    elif not file.exists() and not file.is_symlink():
        return Compute()
    else:
        raw, place = _read(file), file.name
    declared = reading.check_section(Compute, raw, "", place)
    _check_together(declared, place)
    return declared


def _read(file: Path) -> dict[Any, Any]:
    """Read the file.

    Raises:
        ParamsError: when it is not a file of YAML, or is empty.
    """
    remedy = f"write a line such as `processes: 2`, or remove {file.name}"
    if file.is_dir():
        raise ParamsError("", "is a folder", remedy, file.name)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ParamsError("", f"cannot be read ({error.strerror})", remedy, file.name) from error
    except UnicodeDecodeError as error:
        found = f"is not UTF-8: byte {error.start + 1} is 0x{error.object[error.start]:02x}"
        raise ParamsError("", found, "save it as UTF-8", file.name) from error
    raw = reading.parse(text, "", file.name)
    if raw is None:
        raise ParamsError("", "is empty", remedy, file.name)
    if not isinstance(raw, dict):
        raise ParamsError("", f"holds {raw!r}", remedy, file.name)
    return raw


def _check_together(declared: Compute, place: str) -> None:
    """Refuse keys that do not go together.

    Raises:
        ParamsError: naming them.
    """
    if declared.dask and declared.processes > 1:
        found = f"is {declared.processes} beside `dask`"
        raise ParamsError("processes", found, "declare one of the two; a cluster has the workers that it has", place)
    if declared.environment is not None and not declared.dask:
        remedy = "take it out: processes of this machine see what the stage sees"
        raise ParamsError("environment", "is declared without `dask`", remedy, place)
    if declared.tls and not declared.dask.startswith("tls://"):
        raise ParamsError("tls", f"is declared for '{declared.dask}'", "write `dask: tls://...`", place)
    missing = next((name for name, path in declared.tls.files().items() if not path), "") if declared.tls else ""
    if missing:
        raise ParamsError(f"tls.{missing}", "is missing", f"write all three, as in `{TLS}`", place)
