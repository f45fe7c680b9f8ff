"""An edit tried: `./mainline try` beside `make repro` of the same edit, on the shipped data.

Every run edits otherwise, so that DVC has no earlier result of it; between two runs the last commit is put back.
"""

import sys
from collections.abc import Callable
from itertools import count

from benchmarks import measure
from benchmarks.measure import Cost, say
from tests.project import Project

THROUGH = "2013-09"
RUNS = 3
SIDES = {"try": ["./mainline", "try"], "make repro": ["make", "repro"]}
FEATURE = '"dest_gain": tables["dest_arrivals"]["gain_1440"],'
BACK = (["git", "checkout", "--quiet", "."], ["dvc", "checkout", "--quiet", "--force"])


def edit_feature(project: Project, number: int) -> None:
    """Compute a feature otherwise."""
    features = project.path / "src/usecase/features.py"
    text = features.read_text()
    assert FEATURE in text
    features.write_text(text.replace(FEATURE, f"{FEATURE[:-1]} + {number} * planes['seats'],"))


def edit_model(project: Project, number: int) -> None:
    """Declare another learning rate."""
    project.declare(model={"params": {"max_iter": 150, "learning_rate": 0.1 + number / 1000}})


def main() -> None:
    """Commit one run of the pipeline, then measure both sides in turn for each edit and print the tables."""
    with measure.workspace(THROUGH) as project:
        (project.path / ".venv").symlink_to(sys.prefix)
        say("running the pipeline once")
        measure.run(SIDES["make repro"], project)
        project.commit("Train")
        for title, edit in (("A feature edited", edit_feature), ("A hyperparameter edited", edit_model)):
            numbers = count(1)
            sides = {name: _edited(edit, numbers, command, project) for name, command in SIDES.items()}
            measure.compare(title, measure.in_turn(RUNS, sides))


def _edited(
    edit: Callable[[Project, int], None], numbers: "count[int]", command: list[str], project: Project
) -> Callable[[], Cost]:
    def run() -> Cost:
        edit(project, next(numbers))
        cost = measure.run(command, project)
        for words in BACK:
            measure.run(words, project)
        return cost

    return run


if __name__ == "__main__":
    main()
