"""The site of the whole demo, and pictures of it for its guide: `make -C engine demo-site`; takes some minutes more.

The story of drift is played, a bolder model is released after it and taken back by `git revert`, and the site of that
repository is built into `build/demo-site`. Chromium then draws the pictures of `engine/docs/site.md`, if it is there.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests import browser, project
from tests.end_to_end import drift_loop
from tests.end_to_end.drift_world import begin
from tests.project import Project

SITE = project.ROOT / "build" / "demo-site"
DOCS = project.ENGINE / "docs"
LARGEST = 200_000
"""Bytes of a picture."""
PICTURES = {
    "site.png": ("index.html", 1280, 860, False),
    "site-monitoring.png": ("monitoring/production.html", 1280, 1000, False),
    "site-phone.png": ("versions/v1.1.0.html", 390, 1000, True),
}
"""The page of each, its width and height in pixels, and whether it is dark."""


def go_on(robot: Project, environment: Mapping[str, str]) -> None:
    """Release a bolder model, although the gate cannot tell whether it is worse, and take it back."""

    def run(*command: str) -> None:
        robot.run(*command, env=environment)

    def promote() -> None:
        run("git", "push", "--quiet", "origin", "HEAD:main")
        run("python", "-m", "mainline", "promote")

    run("git", "fetch", "--quiet", "--tags", "--force", "origin")
    run("git", "reset", "--quiet", "--hard", "origin/main")
    robot.declare(model={"params": {"max_iter": 120, "learning_rate": 0.08, "min_samples_leaf": 60}})
    run("python", "-m", "mainline", "repro")
    robot.run("python", "-m", "mainline", "gate", env=environment, succeed=False)
    run("python", "-m", "mainline", "accept", "against production", "--reason", "Tried for a day, and watched")
    robot.commit("Let more and smaller trees learn more slowly")
    promote()
    run("git", "revert", "--no-edit", "HEAD")
    promote()
    run("python", "-m", "mainline", "restore")  # the score looks at the package, too


def build(robot: Project, environment: Mapping[str, str], site: Path) -> None:
    """Build the site of all that the repository has."""
    robot.run("git", "fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", env=environment)
    robot.run("python", "-m", "mainline", "site", str(site), env=environment)


def draw(site: Path, folder: Path) -> None:
    """Draw the pictures of the guide, if there is a browser."""
    found = browser.find()
    if found is None:
        print("No pictures were drawn, since Chromium is not installed.")
        return
    for name, (page, width, height, dark) in PICTURES.items():
        picture = folder / name
        found.photograph(site / page, picture, dark=dark, width=width, height=height)
        size = picture.stat().st_size
        assert size < LARGEST, f"{name} has {size:,} bytes"
        print(f"{picture.relative_to(project.ROOT)}: {size:,} bytes")


def main() -> int:
    """Play, build and draw."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with begin() as story:
        drift_loop.play(story)
        go_on(story.robot, story.environment)
        story.say("a bolder model is released as v1.1.0, and taken back")
        build(story.robot, story.environment, SITE)
    draw(SITE, DOCS)
    print(f"The site: {SITE.relative_to(project.ROOT)}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
