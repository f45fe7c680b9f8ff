"""The pods of an environment: the container that serves, its probes, its limits, and what it may do."""

from dataclasses import dataclass
from typing import Any

from mainline.declared.rollout import Policy
from mainline.declared.service import Settings

Manifest = dict[str, Any]
DRAIN_SECONDS = 5
"""Beyond the service's own: until a cluster has taken a pod out of its routes."""


def instance_of(environment: str) -> str:
    """Return the name of everything of an environment, which its pods have as their label `instance`."""
    return f"mainline-{environment}"


@dataclass(frozen=True)
class Wanted:
    """What is rendered."""

    environment: str
    image: str
    repository: str
    """URL of the git repository."""
    version: str
    settings: Settings
    policy: Policy
    replicas: int = 2
    prometheus: str = "http://prometheus.monitoring:9090"

    @property
    def name(self) -> str:
        """The name of everything."""
        return instance_of(self.environment)


def most_mib(settings: Settings) -> int:
    """Return the MiB that a pod may take: for two models at once in each worker, and the follower with its tools."""
    return 3 * int(settings.budgets.memory_mib) * settings.workers + 512


def pod(wanted: Wanted, command: list[str], volumes: list[tuple[str, str]]) -> Manifest:
    """Return the template of pods that run a command, with volumes of their own by name and path."""
    declared = wanted.settings
    places = [*volumes, ("logs", "/logs"), ("tmp", "/tmp")]  # noqa: S108 - the container's own
    memory = int(declared.budgets.memory_mib) * declared.workers
    container = {
        "name": "service",
        "image": wanted.image,
        "command": command,
        "ports": [{"name": "http", "containerPort": declared.port}],
        "env": [{"name": "OMP_NUM_THREADS", "value": "1"}, {"name": "HOME", "value": "/tmp"}],  # noqa: S108
        "envFrom": [{"secretRef": {"name": f"{wanted.name}-storage", "optional": True}}],
        "startupProbe": _probe("/livez", 2, 60),
        "livenessProbe": _probe("/livez", 10, 3),
        "readinessProbe": _probe("/readyz", 2, 1),
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(DRAIN_SECONDS)]}}},
        "resources": {
            "requests": {"cpu": "250m", "memory": f"{memory}Mi"},
            "limits": {"cpu": "2", "memory": f"{most_mib(declared)}Mi"},
        },
        "securityContext": confined(),
        "volumeMounts": [
            *({"name": name, "mountPath": path} for name, path in places),
            {"name": "environment", "mountPath": "/etc/mainline", "readOnly": True},
        ],
    }
    spec = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": int(declared.limits.drain_seconds) + DRAIN_SECONDS + 5,
        "securityContext": unprivileged(),
        "containers": [container],
        "volumes": [
            *({"name": name, "emptyDir": {}} for name, _ in places),
            # The environment's file, with host 0.0.0.0, and the hashes of API keys that it names.
            {"name": "environment", "secret": {"secretName": wanted.name}},
        ],
    }  # fmt: skip
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": str(declared.port)}
    return {"metadata": {"labels": labels(wanted), "annotations": annotations}, "spec": spec}


def fetching(wanted: Wanted) -> Manifest:
    """Clone, fetch the version's package, and verify hashes, manifest and signature before the service starts."""
    script = (
        'set -eu; git clone --quiet "$REPOSITORY" /tmp/clone; cd /tmp/clone; '
        'mainline fetch "$VERSION" /model/package; '
        "mainline check-package /model/package --settings /etc/mainline/environment.yaml"
    )
    return {
        "name": "fetch",
        "image": wanted.image,
        "command": ["sh", "-c", script],
        "env": [
            {"name": "REPOSITORY", "value": wanted.repository},
            {"name": "VERSION", "value": wanted.version},
            {"name": "HOME", "value": "/tmp"},  # noqa: S108
        ],
        "envFrom": [{"secretRef": {"name": f"{wanted.name}-storage", "optional": True}}],
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
        "securityContext": confined(),
        "volumeMounts": [
            {"name": "model", "mountPath": "/model"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
            {"name": "environment", "mountPath": "/etc/mainline", "readOnly": True},
        ],
    }


def labels(wanted: Wanted) -> dict[str, str]:
    """Return what all objects of an environment are found by."""
    return {"app.kubernetes.io/name": "mainline", "app.kubernetes.io/instance": wanted.name}


def _probe(path: str, period: int, failures: int) -> Manifest:
    return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": period, "failureThreshold": failures}


def unprivileged() -> Manifest:
    """Return what a pod may be: a user without rights, and system calls of the usual kind alone."""
    return {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}}


def confined() -> Manifest:
    """Return what a container may do: nothing beyond its user, and it writes into its volumes alone."""
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
