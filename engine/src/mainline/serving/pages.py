"""`/openapi.json` and `/docs`: the service described by its model's own schemas, and readable without a network."""

from typing import TYPE_CHECKING

import orjson

from mainline.serving import document, htmldocs
from mainline.serving.messages import Reply, Request

if TYPE_CHECKING:
    from mainline.serving.service import Service


async def openapi(service: "Service", _request: Request) -> Reply:
    """Return the OpenAPI document of the model that most requests go to."""
    service.check_ready()
    return Reply(orjson.dumps(document.describe(service.models()[0], service.settings)))


async def docs(service: "Service", _request: Request) -> Reply:
    """Return the same as one HTML page."""
    service.check_ready()
    page = htmldocs.render(document.describe(service.models()[0], service.settings))
    return Reply(page.encode(), media_type=b"text/html; charset=utf-8")
