"""`window`: move the data window in `params.yaml`, and leave every other character as it is."""

import re
from pathlib import Path

from mainline import files, months, params
from mainline.errors import MainlineError, SourceError

PARAMS = Path("params.yaml")
_THROUGH = re.compile(r"^(data:.*?^\s+through:[ \t]*)([\"']?)(\d{4}-\d{2})\2", flags=re.MULTILINE | re.DOTALL)


def window(advance: bool) -> str:
    """Say what the window is; take one month more where that is asked for.

    Raises:
        MainlineError: when the source has nothing of that month yet, or `data.through` is not written as a month on a
            line of its own. The file then stays as it is.
    """
    declared = params.load()
    first, last = declared.data.from_, declared.data.through
    if not advance:
        return f"{first} to {last}"
    text, more = PARAMS.read_text(encoding="utf-8"), months.name(months.count(last) + 1)
    _ask_source(more)
    edited, count = _THROUGH.subn(rf"\g<1>\g<2>{more}\g<2>", text, count=1)
    if count != 1 or text == edited:
        raise MainlineError(f"data.through in {PARAMS} cannot be edited safely. Write {more} there by hand.")
    files.replace(PARAMS, edited)
    if params.load().data.through != more:
        files.replace(PARAMS, text)
        raise MainlineError(f"data.through in {PARAMS} cannot be edited safely. Write {more} there by hand.")
    return f"{first} to {more}, was through {last}. `make repro` takes the new month."


def _ask_source(month: str) -> None:
    """Take the source's rows until one table of the month is there.

    Raises:
        MainlineError: when the source does not have the month.
    """
    from usecase import source

    try:
        if any(found == month for _, found, _ in source.fetch([month])):
            return
    except SourceError as error:
        raise MainlineError(f"there is no {month} to take yet; {PARAMS} stays as it is. {error}") from error
    raise MainlineError(f"there is no {month} to take yet; {PARAMS} stays as it is. The source gave no rows of it.")
