"""`/monitor`: the last report of `./mainline monitor`, as it was written: one page, no script, nothing from elsewhere.

The file is read when it changes, beside the requests, and held; who asks for the page costs no other request anything.
"""

import time

from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.problems import Problem
from mainline.serving.service import Service


async def page(service: Service, _request: Request) -> Reply:
    """Return the page.

    Raises:
        Problem: not-found, where nobody has looked at production yet.
    """
    if service.report is None:
        raise Problem("not-found", "Nobody has looked at production here yet; `./mainline monitor` writes the report.")
    shown = service.report.shown(time.time(), service.silent_days)
    return Reply(shown, media_type=b"text/html; charset=utf-8")
