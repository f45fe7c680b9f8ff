"""One of the processes that serve at one port; the process that started it tells it how, and that is all it reads."""

import json
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mainline.declared.service import Settings
from mainline.errors import MainlineError
from mainline.serving.answering import routing
from mainline.serving.answering.model import Model
from mainline.serving.common.cells import Cells
from mainline.serving.common.colleagues import Colleagues
from mainline.serving.http import server
from mainline.serving.service import Service


@dataclass(frozen=True)
class Task:
    """What a worker serves, and how; the last four are descriptors and its number, the same for no two.

    `package` is what is served without a routing file, `digest` what the other workers serve: '' for the first ones.
    """

    settings: dict[str, Any]
    version: str
    package: str
    routing: str
    followed: bool
    report: str
    silent_days: int
    started: float
    digest: str = ""
    number: int = 0
    listening: int = -1
    channel: int = -1
    cells: int = -1

    def text(self) -> str:
        """Return it as an argument."""
        return json.dumps(asdict(self))


def serve(task: Task) -> None:
    """Serve until told to stop.

    Raises:
        MainlineError: when the keys or the package cannot be used, or it is another one than the other workers serve.
    """
    declared = Settings.model_validate(task.settings)
    file = Path(task.routing) if task.routing else None
    folder = file.parent / "workers" / str(task.number) if file else None
    channel = socket.socket(fileno=task.channel)
    colleagues = Colleagues(task.number, channel, Cells(task.cells), folder)
    try:
        fixed = None
        if file is None:
            model = Model.load(Path(task.package), task.version, declared.limits.text_length, declared.slack)
            if task.digest not in ("", model.digest):
                found = "holds another package than the one that is served"
                raise MainlineError(f"{task.package} {found}. Start the server again to serve it.")
            fixed = routing.single(model)
        service = Service(
            declared, fixed, file, task.followed, Path(task.report), task.silent_days, colleagues, task.started
        )
    except MainlineError as error:
        colleagues.say({"failed": str(error)})
        sys.exit(1)

    def listening(_: str) -> None:
        models = service.models()
        served = ", ".join(f"{model.name} {model.version}" for model in models) or "no model yet"
        digest = models[0].digest if fixed else ""
        colleagues.say({"ready": {"served": served, "digest": digest, "keys": bool(service.keys.by_id)}})

    server.run(service, listening, socket.socket(fileno=task.listening))


if __name__ == "__main__":
    serve(Task(**json.loads(sys.argv[1])))
