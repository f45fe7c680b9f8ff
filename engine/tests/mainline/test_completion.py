"""What a shell completes."""

import shutil
import subprocess
from pathlib import Path

import pytest

from mainline import __main__ as command_line
from mainline.completion import SHELLS
from tests.project import LIMIT

PRESS = """
{script}
COMP_WORDS=({words}) COMP_CWORD={at}
_mainline
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def script(capsys: pytest.CaptureFixture[str]) -> str:
    """The script for Bash."""
    assert command_line.main(["completion", "bash"]) == 0
    return capsys.readouterr().out


def completed(script: str, words: list[str], folder: Path) -> list[str]:
    """Press Tab in a real Bash at the end of a line, of which the last word may be empty."""
    typed = " ".join(f"'{word}'" for word in words)
    code = PRESS.format(script=script, words=typed, at=len(words) - 1)
    bash = shutil.which("bash") or "bash"
    done = subprocess.run([bash, "-eu", "-c", code], cwd=folder, capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["./mainline", "ga"], ["gate"]),
        (["./mainline", "tr"], ["try"]),
        (["./mainline", "re"], ["rebuild", "registry", "rehearse", "released", "remote", "render", "replay", "report",
                                "repro", "resolve", "restore"]),
        (["./mainline", "gate", "--"], ["--help", "--environment"]),
        (["./mainline", "--traceback", "gate", "--e"], ["--environment"]),
        (["./mainline", "gate", "--environment", ""], ["production", "staging"]),
        (["./mainline", "gate", "--environment", "st"], ["staging"]),
        (["./mainline", "completion", ""], ["bash", "zsh", "fish", "--help"]),
        (["./mainline", "report", "--output", ""], []),  # the shell's own files
        (["./mainline", "unknown", ""], []),
    ],
)  # fmt: skip
def test_bash_completes(words: list[str], offered: list[str], script: str, tmp_path: Path) -> None:
    """Commands, options, words and environments are offered as far as they are typed; previews are no environment."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/preview.yaml").write_text("# Branches.\npreview:\n  most: 5\n")
    for name in ("production", "staging"):
        (tmp_path / f"deploy/{name}.yaml").touch()
    assert completed(script, words, tmp_path) == offered


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "press"),
    [
        ("zsh", "compdef() {{ }}; source {script}; compadd() {{ print -l $names }}; _mainline_environments"),
        ("fish", "source {script}; complete -C 'mainline gate --environment '"),
    ],
)
def test_other_shells_look_environments_up(
    shell: str, press: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of `deploy/` without previews, and none where there are none; neither shell says anything else."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed; `apt-get install {shell}` brings it")
    assert command_line.main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    for content in ({}, {"production": "rollout:\n", "staging": "", "preview": "preview:\n"}):
        (tmp_path / "deploy").mkdir(exist_ok=True)
        for name, text in content.items():
            (tmp_path / f"deploy/{name}.yaml").write_text(text)
        code = press.format(script=script)
        done = subprocess.run([program, "-f" if shell == "zsh" else "-N", "-c", code], cwd=tmp_path,
                              capture_output=True, text=True, timeout=LIMIT)  # fmt: skip
        assert done.stderr == ""
        offered = [line.split("\t")[0] for line in done.stdout.splitlines() if line]
        assert offered == [name for name in content if name != "preview"]


def test_without_environments_none_is_offered(script: str, tmp_path: Path) -> None:
    """In a folder that declares none, nothing is offered, and nothing is said."""
    assert completed(script, ["./mainline", "gate", "--environment", ""], tmp_path) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_names_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No command is left out for any shell, and none of their words ends the quotes around it."""
    assert command_line.main(["completion", shell]) == 0
    shown = capsys.readouterr().out
    assert [name for name in command_line.NAMES if name not in shown] == []
    for line in shown.splitlines():
        bare = line.replace("'\\''", "").replace("\\'", "")
        assert bare.count("'") % 2 == 0, line
