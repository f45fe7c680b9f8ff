"""What there is of GraphQL without its library: the path, and the line that installs it."""

from mainline.declared.service import Settings
from mainline.serving import extras

PATH = "/graphql"


def check(settings: Settings) -> None:
    """Hold what is declared to what is installed.

    Raises:
        MainlineError: when the library is not.
    """
    if settings.graphql:
        extras.require("graphql", "graphql-core", "graphql")
