"""What a server among others asks of the follower of its machine, and how often."""

from dataclasses import dataclass
from typing import Protocol

from mainline.rollout.records import Ref, State
from mainline.rollout.source import Found


class Following(Protocol):
    """What the follower of this machine does for a circle."""

    found: Found

    def look_whole(self, begins: bool) -> bool:
        """Look at git, bring what it assigns, and keep what was found; say whether main still wants one rollout.

        With `begins` what to serve at first is brought too.
        """

    def go_on(self) -> None:
        """Bring what was found, which is not here yet."""

    def bring(self, ref: Ref) -> str:
        """Bring the package of a version; return '' or why not."""

    def tell(self, told: State) -> None:
        """Tell others what happened."""


@dataclass(frozen=True)
class Pace:
    """How often git is looked at, and for how long a server may say nothing, in seconds."""

    interval: float
    silent: float
