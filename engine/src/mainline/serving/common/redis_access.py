"""What a declared Redis needs before it is asked: the library, which is an extra, and the password."""

import importlib.util
from pathlib import Path

from mainline.errors import ParamsError
from mainline.serving import extras


def check_library(section: str) -> None:
    """Refuse to go on without the library.

    Raises:
        ParamsError: naming the section that needs it.
    """
    if importlib.util.find_spec("redis") is None:
        raise ParamsError(section, "needs redis, which is not installed", extras.remedy("redis"), "deploy/")


def read_password(section: str, file: Path | None) -> str | None:
    """Return what a file holds; None without one.

    Raises:
        ParamsError: when it cannot be read.
    """
    if file is None:
        return None
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        found = f"cannot be read ({error})"
        raise ParamsError(f"{section}.password_file", found, "write the password into it", "deploy/") from error
