"""The gate's whole report on what is about to be released, kept for those who read of it later."""

from pathlib import Path

from mainline import progress
from mainline.errors import MainlineError
from mainline.gate import findings
from mainline.registry import gate_reports, packs
from mainline.release import candidate
from mainline.text import clean


def keep(file: Path = findings.FILE) -> None:
    """Publish what the gate wrote of the package in the workspace, by the package's digest.

    A release does not fail for want of its report: if it cannot be kept, a line says why.
    """
    try:
        content = file.read_bytes()
        judged = findings.read(content)
        if judged.candidate.digest != candidate.read_manifest()["digest"]:
            raise MainlineError(f"{file} is of another package.")
        gate_reports.keep(judged.candidate.digest, content)
    except (OSError, MainlineError) as error:
        progress.say(f"The gate's whole report is not kept on {packs.BRANCH}: {clean(str(error))}")
