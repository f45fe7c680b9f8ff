"""Kubernetes manifests of an environment, from the same `deploy/<environment>.yaml`.

Two ways onto a cluster. `follower`: a Deployment whose pods follow git as on any machine. `argo`: a Rollout of Argo
Rollouts whose pods serve one fixed version, with the same steps, and analysis by Prometheus; Argo CD keeps it in sync.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mainline.cluster import queries
from mainline.declared.rollout import Policy
from mainline.declared.service import Settings
from mainline.errors import MainlineError

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


def follower(wanted: Wanted) -> dict[str, Manifest]:
    """Return the manifests, by file, of pods that follow git."""
    command = ["mainline", "serve", "--follow", wanted.repository, "--environment", wanted.environment,
               "--settings", "/etc/mainline/environment.yaml", "--state", "/state"]  # fmt: skip
    pod = _pod(wanted, command, [("state", "/state")])
    spec = {"replicas": wanted.replicas, "selector": {"matchLabels": _labels(wanted)}, "template": pod}
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    deployment = _kind(wanted, "apps/v1", "Deployment", {**spec, "strategy": rolling})
    return {"deployment.yaml": deployment, "service.yaml": _service(wanted, wanted.name)}


def argo(wanted: Wanted) -> dict[str, Manifest]:
    """Return the manifests, by file, of a Rollout with the environment's steps and analysis.

    Raises:
        MainlineError: when the strategy is one that Argo Rollouts has no counterpart of.
    """
    command = ["mainline", "serve", "/model/package", "--version", wanted.version,
               "--settings", "/etc/mainline/environment.yaml"]  # fmt: skip
    pod = _pod(wanted, command, [("model", "/model")])
    pod["spec"]["initContainers"] = [_fetching(wanted)]
    declared = wanted.policy.declared
    spec = {
        "replicas": wanted.replicas,
        "revisionHistoryLimit": declared.rollback_window.revisions + 1,
        "rollbackWindow": {"revisions": declared.rollback_window.revisions},
        "progressDeadlineSeconds": int(declared.progress_deadline_seconds),
        "selector": {"matchLabels": _labels(wanted)},
        "template": pod,
        "strategy": _strategy(wanted),
    }
    candidate = "preview" if declared.strategy == "blue-green" else "canary"
    found = {
        "rollout.yaml": _kind(wanted, "argoproj.io/v1alpha1", "Rollout", spec),
        "service.yaml": _service(wanted, wanted.name),
        f"service-{candidate}.yaml": _service(wanted, f"{wanted.name}-{candidate}"),
        "application.yaml": _application(wanted),
    }
    return {**found, **_templates(wanted)}


def _templates(wanted: Wanted) -> dict[str, Manifest]:
    """Return the analysis: `watch` lasts as long as the rollout and can only fail, `step` must pass to end a step."""
    asked = (wanted.policy, wanted.prometheus, wanted.name)
    measured = {"step": queries.deciding(*asked)}
    if wanted.policy.declared.strategy == "canary":
        measured["watch"] = queries.watching(*asked)
    return {
        f"analysis-{part}.yaml": _kind(
            wanted, "argoproj.io/v1alpha1", "AnalysisTemplate",
            {"args": [{"name": "version"}], "metrics": metrics}, f"{wanted.name}-{part}",
        )
        for part, metrics in measured.items() if metrics
    }  # fmt: skip


def _analysis(wanted: Wanted, part: str) -> Manifest:
    """Name a template of the analysis with its argument; empty where nothing can be measured."""
    if f"analysis-{part}.yaml" not in _templates(wanted):
        return {}
    template = {"templateName": f"{wanted.name}-{part}"}
    return {"templates": [template], "args": [{"name": "version", "value": wanted.version}]}


def _strategy(wanted: Wanted) -> Manifest:
    policy, name = wanted.policy, wanted.name
    kind = policy.declared.strategy
    if kind == "canary":
        canary: Manifest = {"canaryService": f"{name}-canary", "stableService": name, "steps": _steps(wanted)}
        watch = _analysis(wanted, "watch")
        return {"canary": {**canary, **({"analysis": {**watch, "startingStep": 1}} if watch else {})}}
    if kind == "blue-green":
        approval = any(step.kind == "approval" for step in policy.steps)
        step = _analysis(wanted, "step")
        blue: Manifest = {
            "activeService": name, "previewService": f"{name}-preview", "autoPromotionEnabled": not approval,
            "scaleDownDelaySeconds": int(sum(step.value for step in policy.steps if step.kind == "pause")) or 30,
        }  # fmt: skip
        return {"blueGreen": {**blue, **({"postPromotionAnalysis": step} if step else {})}}
    raise MainlineError(
        f"rollout.strategy: is {kind}, which Argo Rollouts has no counterpart of without a traffic router; "
        "render --way follower, or declare canary or blue-green."
    )


def _steps(wanted: Wanted) -> list[Manifest]:
    """Return the policy's steps without mirroring; a pause in which the candidate answers ends with analysis."""
    analysis = _analysis(wanted, "step")
    found: list[Manifest] = []
    weight = 0.0
    for step in wanted.policy.steps:
        if step.kind == "setWeight":
            weight = step.value
            found.append({"setWeight": int(weight)})
        elif step.kind == "approval":
            found.append({"pause": {}})
        elif step.kind == "pause":
            found.append({"pause": {"duration": f"{step.value:g}s"}})
            found += [{"analysis": analysis}] if analysis and weight else []
    return found


def most_mib(settings: Settings) -> int:
    """Return the MiB that a pod may take: for two models at once, and the follower with its tools beside them."""
    return 3 * int(settings.budgets.memory_mib) + 512


def _pod(wanted: Wanted, command: list[str], volumes: list[tuple[str, str]]) -> Manifest:
    declared = wanted.settings
    places = [*volumes, ("logs", "/logs"), ("tmp", "/tmp")]  # noqa: S108 - the container's own
    memory = int(declared.budgets.memory_mib)
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
    return {"metadata": {"labels": _labels(wanted), "annotations": annotations}, "spec": spec}


def _fetching(wanted: Wanted) -> Manifest:
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


def _service(wanted: Wanted, name: str) -> Manifest:
    spec = {
        "type": "ClusterIP",
        "selector": _labels(wanted),
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    }
    return _kind(wanted, "v1", "Service", spec, name)


def _application(wanted: Wanted) -> Manifest:
    spec = {
        "project": "default",
        "source": {
            "repoURL": wanted.repository,
            "targetRevision": "main",
            "path": f"deploy/kubernetes/{wanted.environment}/argo",
            "directory": {"exclude": "application.yaml"},
        },
        "destination": {"server": "https://kubernetes.default.svc", "namespace": wanted.name},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["CreateNamespace=true"]},
    }
    return _kind(wanted, "argoproj.io/v1alpha1", "Application", spec)


def _kind(wanted: Wanted, version: str, kind: str, spec: Mapping[str, Any], name: str = "") -> Manifest:
    metadata = {"name": name or wanted.name, "labels": _labels(wanted)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": dict(spec)}


def _labels(wanted: Wanted) -> dict[str, str]:
    return {"app.kubernetes.io/name": "mainline", "app.kubernetes.io/instance": wanted.name}


def _probe(path: str, period: int, failures: int) -> Manifest:
    return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": period, "failureThreshold": failures}


def unprivileged() -> Manifest:
    """Return what a pod may be: a user without rights, and system calls of the usual kind alone."""
    return {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}}


def confined() -> Manifest:
    """Return what a container may do: nothing beyond its user, and it writes into its volumes alone."""
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
