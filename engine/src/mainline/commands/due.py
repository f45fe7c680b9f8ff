"""Say whether a retraining is due."""

import argparse
import os
from datetime import UTC, datetime

from mainline.declared import environments, params
from mainline.github import outputs


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Decide from git and the source; hand `due`, `reason` and `periods` to the steps that follow in a workflow.

    Raises:
        MainlineError: when the remote does not answer.
    """
    from mainline.pipeline import retraining

    snapshot = os.environ.get("SNAPSHOT", "")
    found = retraining.decide(
        environments.load_all(), params.load().data, retraining.trigger(), snapshot, datetime.now(UTC)
    )
    outputs.hand_on(due="true" if found.due else "false", reason=found.reason, periods=str(found.periods))
    return f"{'Due' if found.due else 'Not due'}: {found.reason}"
