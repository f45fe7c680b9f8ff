"""What a version's rows are held to: what its model has seen, and the limits that its package carries."""

from dataclasses import dataclass

from mainline.limits.document import Earned
from mainline.limits.experience import Seen
from mainline.monitoring.packages import Packaged


@dataclass(frozen=True)
class Reference:
    """A package, and what its window earned; None if it carries nothing of this."""

    package: Packaged
    earned: Earned | None

    @property
    def seen(self) -> Seen:
        """What the model has seen, which the service holds single rows to."""
        return Seen(self.package.profile, self.earned)


def load(package: Packaged) -> Reference:
    """Return the reference of a package."""
    return Reference(package, package.earned)
