"""One process that serves: a whole server, or one of its workers."""

from collections.abc import Callable
from pathlib import Path

from mainline.declared.service import Settings
from mainline.errors import MainlineError
from mainline.serving.answering import routing
from mainline.serving.answering.model import Model
from mainline.serving.common.colleagues import Colleagues
from mainline.serving.common.messages import Ready
from mainline.serving.http import server
from mainline.serving.service import Service
from mainline.serving.task import Task


def serve(task: Task, started: Callable[[str, Ready], None]) -> None:
    """Serve until told to stop.

    Args:
        task: what is served; no worker's.
        started: called with the address and with what is served, before the first request is taken.

    Raises:
        MainlineError: when the keys, the package, the address or the TLS files cannot be used.
    """
    service = load(task)
    server.run(service, lambda address: started(address, ready(task, service)))


def load(task: Task, colleagues: Colleagues | None = None) -> Service:
    """Load what a task names; a worker has colleagues.

    Raises:
        MainlineError: when the keys or the package cannot be used, or it is another one than the other workers serve.
    """
    declared = Settings.model_validate(task.settings)
    file = Path(task.routing) if task.routing else None
    fixed = None
    if file is None:
        model = Model.load(Path(task.package), task.version, declared.limits.text_length, declared.slack)
        if task.digest not in ("", model.digest):
            found = "holds another package than the one that is served"
            raise MainlineError(f"{task.package} {found}. Start the server again to serve it.")
        fixed = routing.single(model)
    return Service(declared, fixed, file, task.followed, Path(task.report), task.silent_days, colleagues, task.started)


def ready(task: Task, service: Service) -> Ready:
    """Say what is served."""
    models = service.models()
    return {
        "served": ", ".join(f"{model.name} {model.version}" for model in models) or "no model yet",
        "digest": "" if task.routing else models[0].digest,
        "keys": bool(service.keys.by_id),
    }
