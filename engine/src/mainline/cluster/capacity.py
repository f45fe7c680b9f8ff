"""What pods may use, how many there are, and who may reach them: by the package's size and what is declared."""

from typing import Any

from mainline.cluster.target import Manifest, Wanted, labels
from mainline.declared.service import Settings

FOLLOWER_MIB = 512
"""Memory of the follower and its tools beside the workers."""
TOOLS_MIB = 1024
"""Memory of git, DVC and the check of a package, and room on the disk for a clone; a package is beside it."""
SPARE_MIB = 256
"""Room on the disk for what a container prints."""
_MIB = 2**20


def most_mib(settings: Settings) -> int:
    """Return the MiB that a pod may take: for two models at once in each worker, and the follower with its tools."""
    return 3 * _models_mib(settings) + FOLLOWER_MIB


def _models_mib(settings: Settings) -> int:
    return int(settings.budgets.memory_mib) * settings.workers


def room_mib(wanted: Wanted) -> dict[str, int]:
    """Return the MiB of each volume, by name: what is kept of the log, packages with a clone, and what is temporary."""
    log = wanted.settings.log
    kept = (log.keep_bytes + (wanted.settings.workers + 1) * log.rotate_bytes) // _MIB + 1
    packages = wanted.policy.declared.rollback_window.revisions + 3
    return {
        "logs": kept if log.directory else SPARE_MIB,
        "state": packages * wanted.package_mib + TOOLS_MIB,
        "model": wanted.package_mib + SPARE_MIB,
        "tmp": 2 * wanted.package_mib + TOOLS_MIB,
    }


def resources(wanted: Wanted, volumes: list[str]) -> Manifest:
    """Return what the container that serves requests and may take; of the disk both alike, so no log evicts a pod."""
    requested, most = _models_mib(wanted.settings) + FOLLOWER_MIB, most_mib(wanted.settings)
    rooms = room_mib(wanted)
    disk = {"ephemeral-storage": f"{sum(rooms[name] for name in volumes) + SPARE_MIB}Mi"}
    cores = wanted.cluster.cpu * wanted.settings.workers
    return {
        "requests": {"cpu": _cores(cores), "memory": f"{requested}Mi", **disk},
        "limits": {"cpu": _cores(cores + 1), "memory": f"{most}Mi", **disk},
    }


def fetching(wanted: Wanted) -> Manifest:
    """Return what a container takes that fetches and checks a package."""
    memory = f"{TOOLS_MIB + 2 * wanted.package_mib}Mi"
    return {"requests": {"cpu": "250m", "memory": memory}, "limits": {"cpu": "2", "memory": memory}}


def spread(wanted: Wanted) -> list[Manifest]:
    """Return the wish to have pods in different zones, and on different machines."""
    return [
        {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway",
         "labelSelector": {"matchLabels": labels(wanted)}}
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]  # fmt: skip


def replicas(wanted: Wanted) -> Manifest:
    """Return the number of pods as a field; nothing if an autoscaler sets it, which each apply would undo."""
    return {} if wanted.cluster.most_replicas else {"replicas": wanted.cluster.replicas}


def autoscaler(wanted: Wanted, version: str, kind: str) -> Manifest | None:
    """Return the spec of what adds pods of an object by load; None for a fixed number of them."""
    declared = wanted.cluster
    if declared.most_replicas is None:
        return None
    share = {"type": "Utilization", "averageUtilization": round(declared.cpu_share * 100)}
    metrics: list[Manifest] = [{"type": "Resource", "resource": {"name": "cpu", "target": share}}]
    if declared.queued_rows:
        waiting = {"type": "AverageValue", "averageValue": str(declared.queued_rows)}
        metrics.append({"type": "Pods", "pods": {"metric": {"name": "mainline_queued_rows"}, "target": waiting}})
    return {
        "scaleTargetRef": {"apiVersion": version, "kind": kind, "name": wanted.name},
        "minReplicas": declared.replicas,
        "maxReplicas": declared.most_replicas,
        "metrics": metrics,
        # A pod loads a package before it is ready: who takes pods away at once needs them again at once.
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
    }


def disruption(wanted: Wanted) -> Manifest:
    """Return the spec of how many pods a drained machine may take away at a time."""
    return {"maxUnavailable": 1, "selector": {"matchLabels": labels(wanted)}}


def network(wanted: Wanted) -> Manifest:
    """Return the spec of who reaches the pods: whoever is in the cluster, at the service's ports alone.

    What pods reach is left open: git and the store have names, and a policy knows addresses.
    """
    return {
        "podSelector": {"matchLabels": labels(wanted)},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": name} for name in wanted.ports]}],
    }


def objects(wanted: Wanted, version: str, kind: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return API version, kind and spec by file, of what stands around the object that makes pods."""
    found: dict[str, tuple[str, str, dict[str, Any]]] = {
        "disruption.yaml": ("policy/v1", "PodDisruptionBudget", disruption(wanted)),
        "network.yaml": ("networking.k8s.io/v1", "NetworkPolicy", network(wanted)),
    }
    scaled = autoscaler(wanted, version, kind)
    if scaled is not None:
        found["autoscaler.yaml"] = ("autoscaling/v2", "HorizontalPodAutoscaler", scaled)
    return found


def _cores(number: float) -> str:
    """Write cores as Kubernetes does: whole ones, or thousandths."""
    return f"{number:g}" if number == int(number) else f"{round(number * 1000)}m"
