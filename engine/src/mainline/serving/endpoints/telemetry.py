"""`/metrics` for Prometheus and `/admin/state` for people: what the service did and what it holds."""

import orjson

from mainline.data.columns import format_time
from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.metrics import MEDIA_TYPE, Family, Page, render
from mainline.serving.answering.model import Model
from mainline.serving.endpoints import report_metrics, service_metrics, version_metrics
from mainline.serving.service import Service


async def metrics(service: Service, _request: Request) -> Reply:
    """Return every metric in Prometheus' text format, of all workers if there are several.

    Raises:
        Problem: not-ready, when the figures of the other workers cannot be had.
    """
    found = families(service) if service.colleagues is None else await service.colleagues.add_up()
    return Reply(render(found), media_type=MEDIA_TYPE)


def families(service: Service) -> list[Family]:
    """Return every metric of this process."""
    page = Page()
    version_metrics.add(page, service)
    service_metrics.add(page, service)
    report_metrics.add_follower(page, service)
    report_metrics.add_monitoring(page, service)
    return page.families


async def state(service: Service, _request: Request) -> Reply:
    """Return versions with their weights, how far feeds reach, and the names of the keys."""
    routing = service.routing
    routes = zip(routing.models, routing.weights, strict=True) if routing else ()
    content = {
        "routes": [{**model.describe(), "weight": weight, "fresh_until": _reach(model)} for model, weight in routes],
        "keys": [{"id": key.id, "name": key.name, "role": key.role} for key in service.keys.by_id.values()],
        "queued_rows": service.batcher.queued_rows,
        **({"worker": service.colleagues.number} if service.colleagues else {}),
    }
    return Reply(orjson.dumps(content))


def _reach(model: Model) -> dict[str, str]:
    return {table: format_time(until) for table, until in version_metrics.reach(model).items()}
