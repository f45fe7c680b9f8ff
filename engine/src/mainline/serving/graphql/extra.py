"""What there is of GraphQL without its library: the path, and the line that installs it."""

import importlib.util

from mainline.declared.service import Settings
from mainline.errors import MainlineError

PATH = "/graphql"
EXTRA = "-r extras/graphql.in"


def check(settings: Settings) -> None:
    """Hold what is declared to what is installed.

    Raises:
        MainlineError: when the library is not.
    """
    if settings.graphql and importlib.util.find_spec("graphql") is None:
        raise MainlineError(
            f"service.graphql needs graphql-core, which is not installed; write `{EXTRA}` into "
            "requirements/own-serving.in, then `engine/run main requirements/lock.sh`."
        )
