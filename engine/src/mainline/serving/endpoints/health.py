"""`/livez` and `/readyz`: whether the process runs, and whether it can predict. Open to everybody, and silent."""

from mainline.serving.answering.messages import Reply, Request
from mainline.serving.service import Service


async def live(_service: Service, _request: Request) -> Reply:
    """Answer 200 as long as the event loop turns."""
    return Reply(b'{"status":"live"}')


async def ready(service: Service, _request: Request) -> Reply:
    """Answer 200 when a model is loaded.

    Raises:
        Problem: not-ready.
    """
    service.check_ready()
    return Reply(b'{"status":"ready"}')
