"""The pods of an environment: the container that serves, its probes, its limits, and what it may do."""

from pathlib import Path

from mainline.cluster import capacity
from mainline.cluster.target import Manifest, Wanted, labels

DRAIN_SECONDS = 5
"""Beyond the service's own: until a cluster has taken a pod out of its routes."""
SHIP_SECONDS = 30
"""For the last files of the log, once the service has ended."""


def pod(wanted: Wanted, command: list[str], volumes: list[tuple[str, str]]) -> Manifest:
    """Return the template of pods that run a command, with volumes of their own by name and path."""
    declared = wanted.settings
    places = [*volumes, ("logs", "/logs"), ("tmp", "/tmp")]  # noqa: S108 - the container's own
    rooms = capacity.room_mib(wanted)
    container = {
        "name": "service",
        "image": wanted.image,
        "command": command,
        "ports": [{"name": name, "containerPort": port} for name, port in wanted.ports.items()],
        "env": [{"name": "OMP_NUM_THREADS", "value": "1"}, {"name": "HOME", "value": "/tmp"}],  # noqa: S108
        "envFrom": [{"secretRef": {"name": f"{wanted.name}-storage", "optional": True}}],
        "startupProbe": _probe("/livez", 2, 60),
        "livenessProbe": _probe("/livez", 10, 3),
        "readinessProbe": _probe("/readyz", 2, 1),
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(DRAIN_SECONDS)]}}},
        "resources": capacity.resources(wanted, [name for name, _ in places]),
        "securityContext": confined(),
        "volumeMounts": [
            *({"name": name, "mountPath": path} for name, path in places),
            {"name": "environment", "mountPath": "/etc/mainline", "readOnly": True},
        ],
    }
    spec = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": int(declared.limits.drain_seconds) + DRAIN_SECONDS + 5
        + (SHIP_SECONDS if _ships(wanted) else 0),
        "securityContext": unprivileged(),
        "topologySpreadConstraints": capacity.spread(wanted),
        **({"initContainers": [_shipping(wanted)]} if _ships(wanted) else {}),
        "containers": [container],
        "volumes": [
            *({"name": name, "emptyDir": {"sizeLimit": f"{rooms[name]}Mi"}} for name, _ in places),
            *([{"name": "ship", "emptyDir": {"sizeLimit": f"{capacity.TOOLS_MIB}Mi"}}] if _ships(wanted) else []),
            # The environment's file, with host 0.0.0.0, and the hashes of API keys that it names.
            {"name": "environment", "secret": {"secretName": wanted.name}},
        ],
    }  # fmt: skip
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": str(declared.port)}
    return {"metadata": {"labels": labels(wanted), "annotations": annotations}, "spec": spec}


def add_cache(pod: Manifest, folder: Path | None) -> None:
    """Let pods of one node share the folder of packages that is declared; it must be there, for their user to write."""
    if folder is None:
        return
    pod["spec"]["volumes"].append({"name": "packages", "hostPath": {"path": str(folder), "type": "Directory"}})
    pod["spec"]["containers"][0]["volumeMounts"].append({"name": "packages", "mountPath": str(folder)})


def add_name(pod: Manifest) -> None:
    """Call each server as its pod, among those that roll out together."""
    named = {"name": "MAINLINE_SERVER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    pod["spec"]["containers"][0]["env"].append(named)


def fetching(wanted: Wanted) -> Manifest:
    """Clone, fetch the version's package, and verify hashes, manifest and signature before the service starts."""
    script = (
        'set -eu; git clone --quiet "$REPOSITORY" /tmp/clone; cd /tmp/clone; '
        f'mainline fetch "$VERSION" /model/package --environment {wanted.environment}; '
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
        "resources": capacity.fetching(wanted),
        "securityContext": confined(),
        "volumeMounts": [
            {"name": "model", "mountPath": "/model"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
            {"name": "environment", "mountPath": "/etc/mainline", "readOnly": True},
        ],
    }


def _ships(wanted: Wanted) -> bool:
    log = wanted.settings.log
    return log.ship_seconds is not None and log.directory is not None


def _shipping(wanted: Wanted) -> Manifest:
    """Put ended files of the log into the store; it starts before the service, and ends after it."""
    script = (
        'set -eu; until git clone --quiet --depth 1 "$REPOSITORY" /ship/clone; do sleep 10; done; cd /ship/clone; '
        f'exec mainline ship --watch --environment {wanted.environment} --logs "$LOGS" --state /ship/state'
    )
    log = Path("/") / (wanted.settings.log.directory or "logs")
    return {
        "name": "ship",
        "image": wanted.image,
        "restartPolicy": "Always",
        "command": ["sh", "-c", script],
        "env": [
            {"name": "REPOSITORY", "value": wanted.repository},
            {"name": "LOGS", "value": str(log)},
            {"name": "HOME", "value": "/ship"},
        ],
        "envFrom": [{"secretRef": {"name": f"{wanted.name}-storage", "optional": True}}],
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
        "securityContext": confined(),
        "volumeMounts": [{"name": "logs", "mountPath": "/logs"}, {"name": "ship", "mountPath": "/ship"}],
    }


def _probe(path: str, period: int, failures: int) -> Manifest:
    return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": period, "failureThreshold": failures}


def unprivileged() -> Manifest:
    """Return what a pod may be: a user without rights, and system calls of the usual kind alone."""
    return {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}}


def confined() -> Manifest:
    """Return what a container may do: nothing beyond its user, and it writes into its volumes alone."""
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
