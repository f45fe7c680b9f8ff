"""The commands of the workflows as a pipeline of GitLab: checks and report of a merge request, release of a merge."""

from pathlib import Path

import yaml

from mainline import files

FILE = ".gitlab-ci.yml"
_HEAD = """\
# Written by `./mainline render --way gitlab`; render it again instead. Settings, CI/CD, General pipelines, CI/CD
# configuration file: the path of this file. `promote` pushes tags: make a project access token (write_repository), and
# keep it as the protected, masked variable MAINLINE_PUSH_TOKEN; MAINLINE_SIGNING_KEY is one of type File, if you sign.
"""
_MERGE = {"if": "$CI_PIPELINE_SOURCE == 'merge_request_event'"}
_MAIN = {"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE != 'schedule'"}
_REPORT = "metrics/report"
IMAGE = "python:3.11"


def pipeline() -> dict[str, object]:
    """Return the pipeline, as `yaml` writes it."""
    return {
        "default": {"image": IMAGE, "interruptible": True},
        "variables": {"GIT_DEPTH": 0, "GIT_STRATEGY": "clone"},
        "stages": ["check", "model", "release"],
        "code": {"stage": "check", "rules": [dict(_MERGE)], "timeout": "1h", "script": ["make check", "make test"]},
        "model": {
            "stage": "model",
            "rules": [dict(_MERGE)],
            "timeout": "1h",
            "script": ["./mainline pull", "./mainline lock", "make gate"],
            "after_script": ["./mainline report --if-any"],
            "artifacts": {
                "when": "always",
                "expose_as": "The model against production",
                "paths": [f"{_REPORT}/report.html"],
                "expire_in": "30 days",
            },
        },
        "promote": {
            "stage": "release",
            "rules": [dict(_MAIN)],
            "timeout": "2h",
            "interruptible": False,
            "resource_group": "promote",
            "environment": {"name": "production"},
            "before_script": [
                "git config user.name Mainline",
                "git config user.email mainline@noreply.invalid",
                'git remote set-url origin "https://oauth2:$MAINLINE_PUSH_TOKEN@$CI_SERVER_HOST/$CI_PROJECT_PATH.git"',
                'git fetch origin "+refs/heads/*:refs/remotes/origin/*"',
                'git remote set-head origin "$CI_DEFAULT_BRANCH"',
            ],
            "script": ["./mainline pull", "./mainline lock", "./mainline promote"],
        },
    }


def write(folder: Path) -> str:
    """Write the pipeline into a folder; return what was written, and what it does not do."""
    text = yaml.safe_dump(pipeline(), sort_keys=False, width=120)
    files.replace(folder / FILE, _HEAD + text)
    return "\n".join([
        f"{folder / FILE}: checks and report of a merge request, and the release.",
        "It needs a shared store (`./mainline remote`), since there are no releases to fetch packages from.",
        "The report is an artifact of the job, not a comment.",
    ])  # fmt: skip
