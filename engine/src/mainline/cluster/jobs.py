"""Training and monitoring as CronJobs of Kubernetes: the steps of `retrain.yml` and `monitor.yml` on a cluster.

A pod clones the repository and calls the same commands; `./mainline` installs what the lock says. Nothing stays in it:
what is found goes to git, to the store and to GitHub, whose token the pod has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mainline.cluster.pods import confined, unprivileged
from mainline.cluster.target import Manifest
from mainline.seconds import DAY

IMAGE = "docker.io/library/python:3.13-bookworm"
"""It has Python with pip, git, make and bash, and nothing of this project."""
BEGIN = (
    "set -euo pipefail",
    # Git asks the pod's own variable for the password, so that no file and no address has it.
    """git config --global credential.helper '!f() { echo username=git; echo "password=$GITHUB_TOKEN"; }; f'""",
    'git clone --quiet "$REPOSITORY" "$HOME/fork"',
    'cd "$HOME/fork"',
)
STATE, TOKEN, STORAGE = "/work", "mainline-git", "mainline-storage"
"""The pod's only folder; the secret with GITHUB_TOKEN; and that of the store's credentials, which may be missing."""
LIMIT, KEPT = 6 * 3600, DAY
"""Seconds that a run may take, and for which the cluster keeps its log afterwards."""


@dataclass(frozen=True)
class Size:
    """What a pod may take, in Kubernetes' own words, such as 4 and 16Gi."""

    cpu: str = "2"
    memory: str = "8Gi"
    disk: str = "20Gi"


@dataclass(frozen=True)
class Jobs:
    """What is rendered."""

    repository: str
    image: str
    has_store: bool
    """Whether a store is declared that a cluster reaches; a folder of one machine is not such a store."""
    moves: bool
    """Whether the data has time, so that a period more can be taken."""
    retrain_at: str = "23 4 * * *"
    monitor_at: str = "41 5 * * *"
    size: Size = Size()


def retraining(jobs: Jobs) -> list[str]:
    """Return the lines of the retraining: it ends early if policy, git and source say that none is due."""
    return [
        *BEGIN, 'export GITHUB_EVENT_NAME=schedule GITHUB_OUTPUT="$HOME/due"',
        "./mainline due", 'grep -qx due=true "$HOME/due" || exit 0', "./mainline released",
        *(["./mainline pull"] if jobs.has_store else []),
        *(['./mainline window --advance "$(sed -n s/^periods=//p "$HOME/due")"'] if jobs.moves else []),
        "make repro", "make report", *(["./mainline push"] if jobs.has_store else []),
        'REASON=$(sed -n s/^reason=//p "$HOME/due") ./mainline propose retrain',
    ]  # fmt: skip


MONITORING = (
    *BEGIN,
    "./mainline released || true",  # without a release, servers alone are looked at
    "./mainline monitor --share || [[ $? -le 2 ]]",  # an alarm (1) and too little to tell (2) are not failures
    "./mainline issues",
)


def pipeline(jobs: Jobs) -> dict[str, Manifest]:
    """Return the manifests by file."""
    return {
        "retrain.yaml": _cron(jobs, "mainline-retrain", jobs.retrain_at, retraining(jobs)),
        "monitor.yaml": _cron(jobs, "mainline-monitor", jobs.monitor_at, MONITORING),
    }


def _cron(jobs: Jobs, name: str, schedule: str, lines: Sequence[str]) -> Manifest:
    """Return a CronJob of which one run goes on at a time; a run that fails is not begun again before the next."""
    labels = {"app.kubernetes.io/name": "mainline", "app.kubernetes.io/instance": name}
    pod = {"metadata": {"labels": labels}, "spec": _pod(jobs, "\n".join([*lines, ""]))}
    job = {"backoffLimit": 0, "activeDeadlineSeconds": LIMIT, "ttlSecondsAfterFinished": KEPT, "template": pod}
    spec = {
        "schedule": schedule, "timeZone": "Etc/UTC", "concurrencyPolicy": "Forbid", "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 3, "jobTemplate": {"spec": job},
    }  # fmt: skip
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "labels": labels}, "spec": spec}


def _pod(jobs: Jobs, script: str) -> Manifest:
    amounts = {"cpu": jobs.size.cpu, "memory": jobs.size.memory, "ephemeral-storage": jobs.size.disk}
    variables = {"REPOSITORY": jobs.repository, "HOME": STATE, "TMPDIR": STATE, "USER": "mainline"}
    container = {
        "name": "pipeline",
        "image": jobs.image,
        "command": ["bash", "-c", script],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "envFrom": [{"secretRef": {"name": TOKEN}}, {"secretRef": {"name": STORAGE, "optional": True}}],
        "resources": {"requests": amounts, "limits": amounts},
        "securityContext": confined(),
        "volumeMounts": [{"name": "work", "mountPath": STATE}],
    }
    return {
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "securityContext": unprivileged(),
        "containers": [container],
        "volumes": [{"name": "work", "emptyDir": {"sizeLimit": jobs.size.disk}}],
    }
