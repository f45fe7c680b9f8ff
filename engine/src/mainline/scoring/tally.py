"""What the rows of a file are made of: counts of its features, part by part, as `limits.sketches` has them."""

from pathlib import Path

from mainline.contract import Columns
from mainline.limits import experience, sketches
from mainline.limits.experience import Seen
from mainline.limits.sketches import Bins, Sketch
from mainline.package import manifest as manifests


class Tally:
    """Counts the features of a file; `before` is what they may be held to."""

    def __init__(self, before: Seen, bins: Bins) -> None:
        self.before = before
        self._bins = bins
        self.sketch: Sketch | None = None

    @classmethod
    def load(cls, package: Path) -> "Tally":
        """Read what a package has seen.

        Raises:
            PackageError: when it cannot be used.
        """
        manifest, contents = manifests.opened(package)
        profile = experience.profile(contents)
        return cls(Seen(profile, experience.earned(contents)), experience.bins(manifest, profile))

    def another(self) -> "Tally":
        """Return one that has counted nothing yet, for another file."""
        return Tally(self.before, self._bins)

    def add(self, features: Columns) -> None:
        """Count n more rows."""
        now = sketches.of_columns(features, None, self._bins)
        self.sketch = now if self.sketch is None else sketches.add([self.sketch, now])
