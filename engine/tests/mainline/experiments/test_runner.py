"""Two sides at once, as processes."""

import os
import sys
from pathlib import Path

from tests.project import ROOT, Project

SLEEPS = """\
import os, time
with open("../began.partial", "w") as file:
    file.write(str(os.getpid()))
os.replace("../began.partial", "../began")
time.sleep(100_000)
"""
FAILS = """\
import os, sys, time
while not os.path.exists("../began"):
    time.sleep(0.05)
sys.exit("mainline: broken")
"""
BOTH = """\
from pathlib import Path
from mainline.errors import MainlineError
from mainline.experiments import runner
try:
    runner.run([runner.Side(Path.cwd() / "sleeps"), runner.Side(Path.cwd() / "fails", name="the last commit")])
except MainlineError as error:
    print(error)
"""


def test_side_that_fails_ends_the_other(tmp_path: Path) -> None:
    """The failure is said at once, with the side's name; the other side is ended, however long it would take."""
    for name, text in (("sleeps", SLEEPS), ("fails", FAILS)):
        module = tmp_path / name / "engine/src/mainline/experiments/side.py"
        module.parent.mkdir(parents=True)
        for package in (module.parent, module.parent.parent):
            (package / "__init__.py").touch()
        module.write_text(text)
    search = os.pathsep.join(str(ROOT / folder) for folder in ("engine/src", "engine/tests/flights/src"))
    done = Project(tmp_path).run(sys.executable, "-P", "-c", BOTH, PYTHONPATH=search)
    assert done.stdout == "the last commit: broken\n"
    assert not Path("/proc", (tmp_path / "began").read_text()).exists()
