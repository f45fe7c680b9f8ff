"""One of the processes that serve at one port; the process that started it tells it how, and that is all it reads."""

import json
import socket
import sys
from pathlib import Path

from mainline.errors import MainlineError
from mainline.serving import process
from mainline.serving.common.cells import Cells
from mainline.serving.common.colleagues import Colleagues
from mainline.serving.http import server
from mainline.serving.task import Task


def serve(task: Task) -> None:
    """Serve until told to stop.

    Raises:
        MainlineError: when the keys or the package cannot be used, or it is another one than the other workers serve.
    """
    folder = Path(task.routing).parent / "workers" / str(task.number) if task.routing else None
    channel = socket.socket(fileno=task.channel)
    colleagues = Colleagues(task.number, channel, Cells(task.cells), folder)
    try:
        service = process.load(task, colleagues)
    except MainlineError as error:
        colleagues.say({"failed": str(error)})
        sys.exit(1)

    def listening(_: str) -> None:
        colleagues.say({"ready": process.ready(task, service)})

    server.run(service, listening, socket.socket(fileno=task.listening))


if __name__ == "__main__":
    serve(Task(**json.loads(sys.argv[1])))
