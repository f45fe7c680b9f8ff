"""What is rendered for a cluster, and the names and labels by which its objects find each other."""

from dataclasses import dataclass, field
from typing import Any

from mainline.declared.cluster import Cluster
from mainline.declared.package_places import Packages
from mainline.declared.rollout import Policy
from mainline.declared.service import Settings

Manifest = dict[str, Any]


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
    cluster: Cluster = field(default_factory=Cluster)
    packages: Packages = field(default_factory=Packages)
    package_mib: int = 1
    """The size of the package on the disk, rounded up."""
    prometheus: str = "http://prometheus.monitoring:9090"

    @property
    def name(self) -> str:
        """The name of everything."""
        return instance_of(self.environment)

    @property
    def ports(self) -> dict[str, int]:
        """The ports of a pod by name."""
        spoken = self.settings.grpc
        return {"http": self.settings.port} | ({"grpc": spoken.port} if spoken else {})


def labels(wanted: Wanted) -> dict[str, str]:
    """Return what all objects of an environment are found by."""
    return {"app.kubernetes.io/name": "mainline", "app.kubernetes.io/instance": wanted.name}
