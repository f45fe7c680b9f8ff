"""`python -P -m structure COMMAND`: hold the structure of the engine, measure it, or draw it."""

import argparse
import sys
from pathlib import Path

from structure import faults, figures, graph, picture
from structure.rooms import ROOMS

PACKAGE = Path("engine/src/mainline")
README = Path("engine/README.md")


def main() -> int:
    """Run a command in the root of the repository; `check` returns 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="structure", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="circles, imports that run back up, names of which there are three, participles")
    measured = commands.add_parser("figures", help="a table with a column for each revision")
    measured.add_argument("revisions", nargs="*", default=["HEAD"], metavar="REVISION")
    measured.add_argument("--waits", action="store_true", help="run `make test` and the job *Code* too; takes minutes")
    drawing = commands.add_parser("picture", help="the rooms as a Mermaid graph")
    drawing.add_argument("--write", action="store_true", help=f"into {README}")
    arguments = parser.parse_args()
    if arguments.command == "figures":
        print(figures.table(arguments.revisions, arguments.waits))
        return 0
    found = graph.read(PACKAGE)
    if arguments.command == "picture":
        drawn = picture.draw(found, ROOMS)
        if arguments.write:
            README.write_text(picture.insert(README.read_text(encoding="utf-8"), drawn), encoding="utf-8")
        else:
            print(drawn)
        return 0
    lines = faults.find(found, ROOMS)
    if not lines and not picture.is_shown(found, ROOMS, README):
        lines = [f"{README} shows other rooms: run `python -P -m structure picture --write`."]
    print("\n".join(lines) or f"{len(found)} modules in {len(ROOMS)} rooms: no circle, and no import runs back up.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
