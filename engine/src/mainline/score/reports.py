"""What production showed, as far as it is known without a network: the last report of monitoring."""

from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from mainline.declared import environments
from mainline.errors import DataError
from mainline.exchange import place
from mainline.monitoring import sharing
from mainline.monitoring.result import Monitored
from mainline.registry import origin
from mainline.repository.git import blob
from mainline.score.rubric import MONITOR, LackError


def report(environment: str) -> Monitored:
    """Return the report of `./mainline monitor` here, or the one that machines shared when git last fetched.

    Raises:
        LackError: when there is none.
        DataError: when it is not as monitoring writes it.
    """
    local = _folder(environment) / sharing.RESULT
    branch = f"{origin.HEADS}{sharing.branch(environment)}"
    shared = (branch, origin.tracking(origin.remote() or "origin", branch))
    contents = [local.read_bytes() if local.is_file() else None, *(blob(f"{one}:{sharing.RESULT}") for one in shared)]
    content = next((one for one in contents if one), None)
    if content is None:
        raise LackError(f"{environment} is not monitored here", MONITOR)
    try:
        return Monitored.model_validate_json(content)
    except ValidationError as error:
        raise DataError(sharing.RESULT, "is not what monitoring writes", "run `./mainline monitor`") from error


def seconds(moment: str) -> int:
    """Return a time of a report in seconds since 1970."""
    return int(datetime.fromisoformat(moment).timestamp())


def _folder(environment: str) -> Path:
    """Return where the environment's report is written."""
    file = environments.FOLDER / f"{environment}.yaml"
    declared = environments.load(file).monitoring.report if file.is_file() else None
    return Path(declared) if declared else place.Place(place.folder(environment, None)).monitoring / "report"
