"""Kubernetes manifests of an environment, from the same `deploy/<environment>.yaml`.

Two ways onto a cluster. `follower`: a Deployment whose pods follow git as on any machine. `argo`: a Rollout of Argo
Rollouts whose pods serve one fixed version, with the same steps, and analysis by Prometheus; Argo CD keeps it in sync.
"""

from collections.abc import Mapping
from typing import Any

from mainline.cluster import capacity, pods, queries
from mainline.cluster.target import Manifest, Wanted, labels
from mainline.errors import MainlineError


def follower(wanted: Wanted) -> dict[str, Manifest]:
    """Return the manifests, by file, of pods that follow git."""
    command = ["mainline", "serve", "--follow", wanted.repository, "--environment", wanted.environment,
               "--settings", "/etc/mainline/environment.yaml", "--state", "/state"]  # fmt: skip
    pod = pods.pod(wanted, command, [("state", "/state")])
    pods.add_cache(pod, wanted.packages.cache)
    pods.add_name(pod)
    spec = {**capacity.replicas(wanted), "selector": {"matchLabels": labels(wanted)}, "template": pod}
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    deployment = _kind(wanted, "apps/v1", "Deployment", {**spec, "strategy": rolling})
    around = _around(wanted, "apps/v1", "Deployment")
    return {"deployment.yaml": deployment, "service.yaml": _service(wanted, wanted.name), **around}


def argo(wanted: Wanted) -> dict[str, Manifest]:
    """Return the manifests, by file, of a Rollout with the environment's steps and analysis.

    Raises:
        MainlineError: when the strategy is one that Argo Rollouts has no counterpart of.
    """
    command = ["mainline", "serve", "/model/package", "--version", wanted.version,
               "--settings", "/etc/mainline/environment.yaml"]  # fmt: skip
    pod = pods.pod(wanted, command, [("model", "/model")])
    pod["spec"]["initContainers"] = [pods.fetching(wanted), *pod["spec"].get("initContainers", [])]
    declared = wanted.policy.declared
    spec = {
        **capacity.replicas(wanted),
        "revisionHistoryLimit": declared.rollback_window.revisions + 1,
        "rollbackWindow": {"revisions": declared.rollback_window.revisions},
        "progressDeadlineSeconds": int(declared.progress_deadline_seconds),
        "selector": {"matchLabels": labels(wanted)},
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
    return {**found, **_around(wanted, "argoproj.io/v1alpha1", "Rollout"), **_templates(wanted)}


def _around(wanted: Wanted, version: str, kind: str) -> dict[str, Manifest]:
    """Return what stands around the object that makes pods, by file."""
    return {
        file: _kind(wanted, version_of, kind_of, spec)
        for file, (version_of, kind_of, spec) in capacity.objects(wanted, version, kind).items()
    }


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


def _service(wanted: Wanted, name: str) -> Manifest:
    spec = {
        "type": "ClusterIP",
        "selector": labels(wanted),
        # gRPC keeps its own number: its clients name a port.
        "ports": [
            {"name": name, "port": 80 if name == "http" else port, "targetPort": name}
            for name, port in wanted.ports.items()
        ],
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
    metadata = {"name": name or wanted.name, "labels": labels(wanted)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": dict(spec)}
