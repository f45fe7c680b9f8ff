"""What can be wrong with what the service is told by files: settings, keys, routes and feeds."""

from mainline.errors import MainlineError


class SettingsError(MainlineError):
    """A declared file of the service does not say something it can run with."""

    def __init__(self, file: object, where: str, found: str, allowed: str) -> None:
        text = f"{file}: {where}: {found}; {allowed}" if where else f"{file}: {found}; {allowed}"
        # What was found may hold line breaks: a key, a value, a parser's message.
        super().__init__(" ".join(f"{text}{'' if text.endswith('?') else '.'}".split()))


class FeedError(MainlineError):
    """A file of the feed does not hold the rows of the table it is named after."""

    def __init__(self, file: object, found: str) -> None:
        super().__init__(f"{file}: {found}. The rows before stay in use; write the file again, whole, and rename it.")
