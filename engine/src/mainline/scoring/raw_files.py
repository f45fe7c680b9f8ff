"""Files as the source has them, read by the `read` of `src/usecase/source.py`."""

from pathlib import Path

from mainline.errors import MainlineError

RAW = Path(".mainline/raw")
"""Where raw files are kept as requests."""


def requests(source: Path) -> Path:
    """Write the rows of a raw file as Parquet, as `src/usecase/source.py` reads them, and return where.

    The same rows give the same file, so that a run that was killed goes on.

    Raises:
        MainlineError: when the file is not there, or the source does not read files.
    """
    from mainline.data.storage import read_frame, write_frame
    from usecase import source as own

    if not source.is_file():
        raise MainlineError(f"there is no {source}; name the file that --raw is said of.")
    if not hasattr(own, "read"):
        raise MainlineError("src/usecase/source.py offers no read(path), which --raw needs; write it, or leave --raw.")
    written = RAW / f"{source.stem}.parquet"
    frame = own.read(source)
    if not written.is_file() or not read_frame(written).equals(frame):  # what is unchanged keeps its time
        write_frame(frame, written)
    return written
