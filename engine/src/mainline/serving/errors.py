"""What can be wrong with what the service is fed."""

from mainline.errors import MainlineError


class FeedError(MainlineError):
    """A file of the feed does not hold the rows of the table it is named after."""

    def __init__(self, file: object, found: str) -> None:
        super().__init__(f"{file}: {found}. The rows before stay in use; write the file again, whole, and rename it.")
