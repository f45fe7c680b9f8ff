"""What a version's rows are held to: what its model has seen, and the limits that its package carries."""

from collections import Counter
from dataclasses import dataclass

from mainline.limits.document import Earned
from mainline.limits.experience import Seen
from mainline.limits.sketches import Sketch
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

    def unseen(self, sketch: Sketch, name: str) -> tuple[float, list[str]] | None:
        """Return the share of rows of a sketch whose text was never seen, and the texts, frequent ones first."""
        known = self.seen.values(name)
        if known is None:
            return None
        counted = sketch.texts[name]
        strange = Counter({value: rows for value, rows in counted.counts.items() if value not in known})
        return (strange.total() + counted.others) / sketch.rows, [value for value, _ in strange.most_common()]


def load(package: Packaged) -> Reference:
    """Return the reference of a package."""
    return Reference(package, package.earned)
