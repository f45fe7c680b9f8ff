"""The section `cluster` of `deploy/<environment>.yaml`: how many pods serve on Kubernetes, and what each may use."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from mainline.declared.reading import Section

Count = Annotated[int, Field(ge=1)]


class Cluster(Section):
    """Pods: `replicas` of them, or by load up to `most_replicas`.

    Load is CPU: pods are added above `cpu_share` of what they request, which is `cpu` cores for each worker. With
    `queued_rows` it is also the rows of a pod that wait, which needs an adapter that shows Prometheus' metrics to the
    cluster.
    """

    replicas: Count = 2
    most_replicas: Count | None = None
    cpu: Annotated[float, Field(gt=0, le=256)] = 1.0
    cpu_share: Annotated[float, Field(gt=0, le=1)] = 0.65
    queued_rows: Count | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.most_replicas is not None and self.most_replicas <= self.replicas:
            raise ValueError("declare most_replicas above replicas, or leave it null for a fixed number of pods")
        if self.queued_rows is not None and self.most_replicas is None:
            raise ValueError("queued_rows adds pods, so declare most_replicas, too")
        return self
