"""What the rows of a file are made of, held to what the model was fitted on: the questions of `limits.composition`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mainline.contract import Columns
from mainline.declared.monitoring import Support
from mainline.limits import composition, experience, sketches
from mainline.limits.experience import Seen
from mainline.limits.sketches import Bins, Sketch
from mainline.package import manifest as manifests


class Tally:
    """Counts the features of a file part by part, and says which are unlike the worst day of training."""

    def __init__(self, before: Seen, model: Mapping[str, Any]) -> None:
        """Take what a package has seen, and the features of its manifest's `model`."""
        self._before = before
        known = [name for name in model["numeric"] if name in before.profile]
        edges = {name: sketches.edges(before.profile[name].get("deciles", ())) for name in known}
        self._bins = Bins(edges, model["categorical"], ())
        self.sketch: Sketch | None = None

    @classmethod
    def load(cls, package: Path) -> "Tally":
        """Read what a package has seen.

        Raises:
            PackageError: when it cannot be used.
        """
        manifest, contents = manifests.read(package)
        return cls(Seen(experience.profile(contents), experience.earned(contents)), manifest["model"])

    def add(self, features: Columns) -> None:
        """Count n more rows."""
        now = sketches.of_columns(features, None, self._bins)
        self.sketch = now if self.sketch is None else sketches.add([self.sketch, now])

    def describe(self) -> list[str]:
        """Return a line for each feature that is unlike what was seen; none of fewer rows than a day needs."""
        declared, lines = Support(), []
        if self.sketch is None or self.sketch.rows < declared.min_rows:
            return []
        limits = declared.model_dump(exclude={"min_rows"}) | {"constant": 0.0}
        for question, (ask, what) in composition.QUESTIONS.items():
            for one in ask(self._before, self.sketch, limits[question]):
                if one.beyond > 0:
                    allowed = f"; on the worst day of training, and with what is allowed, {one.allowed:.2%} did"
                    lines.append(f"{one.observed:.2%} of the rows of {one.name} {what}{allowed}.")
        return lines
