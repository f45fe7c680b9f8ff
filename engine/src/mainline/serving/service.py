"""The state of the running service: routes, keys and feeds, each reloaded from its file without a restart."""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from mainline.declared.service import Settings
from mainline.errors import MainlineError
from mainline.exchange import report as reports
from mainline.exchange import routes
from mainline.exchange.place import Place
from mainline.exchange.report import Report
from mainline.serving import answer_log
from mainline.serving.answering import keys, names, routing
from mainline.serving.answering.batching import Batcher
from mainline.serving.answering.messages import Request, Sent
from mainline.serving.answering.metrics import ServiceMetrics
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem
from mainline.serving.answering.routing import Routing
from mainline.serving.common.colleagues import Colleagues
from mainline.serving.feed import Feed
from mainline.serving.logs import say
from mainline.serving.outcome_log import OutcomeLog
from mainline.serving.prediction_log import PredictionLog
from mainline.serving.server_report import Reporter
from mainline.serving.shared_throttle import SharedThrottle
from mainline.serving.traces import Tracer
from mainline.serving.watching import Watches

POLL_SECONDS = 0.2
"""How long a change of a file may go unnoticed."""
APART = 1_000_003
"""Requests that two workers are apart in the order in which versions are dealt: they do not deal the same one first."""


class Service:
    """Settings, models, keys, log and counters of one process."""

    def __init__(
        self,
        settings: Settings,
        routing: Routing | None = None,
        routing_file: Path | None = None,
        followed: bool = False,
        report: Path | None = None,
        silent_days: int = 1,
        colleagues: Colleagues | None = None,
        started: float | None = None,
    ) -> None:
        """Serve a fixed routing, or what a routing file names; `followed`: a follower starts next and mends the file.

        `report` is the folder of monitoring's last report, which is old after `silent_days`; None if nobody writes one.
        One worker among several has `colleagues`, and `started` when the first of them did.

        Raises:
            MainlineError: when the keys cannot be read, or the routes, which nobody mends.
        """
        self.settings, self.colleagues = settings, colleagues
        self._cells = colleagues.cells.cell if colleagues else None
        self.metrics = ServiceMetrics()
        self.routing = routing
        # A file is watched before it is read, so that no change between the two is missed.
        self._files = Watches(self.metrics.failures)
        self._files.add("keys", settings.keys, self._read_keys)
        self.keys = keys.load(settings.keys, settings.throttle, None, self._cells)
        shared = settings.throttle.shared
        self.shared = SharedThrottle(shared, lambda: self.keys) if shared else None
        number = colleagues.number if colleagues else None
        self.tracer = Tracer(settings.traces, number) if settings.traces else None
        self.batcher = Batcher(settings.limits.queued_rows, timed=self.tracer is not None)
        self.feed = Feed(settings.feed.directory) if settings.feed.directory else None
        self.log = PredictionLog(settings.log.directory, settings.log, self.metrics) if settings.log.directory else None
        self.outcomes: OutcomeLog | None = None
        if routing_file and settings.log.directory:
            own = colleagues.folder if colleagues else None
            self.outcomes = OutcomeLog(Place(own or routing_file.parent), settings.log.directory)
        self.started = started or time.time()
        first = colleagues.number * APART if colleagues else 0
        self._number, self._mirrored = count(first), count(first)
        self.routing_file, self._unkept = routing_file, ""
        self._reporter: Reporter | None = None
        if routing_file:
            served = Place(routing_file.parent).served
            self._reporter = Reporter(served, self.started, self.metrics.failures, colleagues)
            self._begin_routes(routing_file, followed)
        self._check_served(self.routing)
        self._refresh_feed()
        self.report: Report | None = None
        self.silent_days = silent_days
        if report:
            self._begin_report(report / reports.PAGE)

    def choose(self, request: Request | None = None) -> Model:
        """Return the model for the next request.

        Raises:
            Problem: not-ready, when none is loaded.
        """
        return self.check_ready().choose(next(self._number), request)

    @property
    def mirrors(self) -> bool:
        """Whether a model answers requests too, unseen."""
        return self.routing is not None and self.routing.mirror is not None

    def mirror_of(self, model: Model) -> Model | None:
        """Return the model that is to answer too what a model has just answered."""
        return self.routing.mirrors(next(self._mirrored), model) if self.routing else None

    def check_ready(self) -> Routing:
        """Return the routing.

        Raises:
            Problem: not-ready, when no model is loaded.
        """
        if self.routing is None:
            raise Problem("not-ready", "No model is loaded yet; ask again.", headers=[(b"retry-after", b"1")])
        return self.routing

    def models(self) -> tuple[Model, ...]:
        """Return what is loaded, the version with the greatest weight first."""
        return self.routing.models if self.routing else ()

    def version(self, version: str) -> Model | None:
        """Return the model of a version that is loaded."""
        return next((model for model in self.models() if model.version == version), None)

    def said(self, error: Exception) -> str:
        """Return what the service's own log may say of an error that came of a request; its words may repeat it."""
        return type(error).__name__ if any(model.personal for model in self.models()) else repr(error)

    def count_refused_fields(self, problem: Problem) -> None:
        """Count which fields of requests did not fit; a client's unknown ones under one name."""
        known = {field.name for model in self.models() for field in model.reader.fields}
        for error in problem.errors:
            self.metrics.invalid_fields[error["field"] if error["field"] in known else "unknown"] += 1

    def log_answers(self, answers: Sequence[Sent]) -> None:
        """Put what was answered into the prediction log; what cannot be written is reported, and costs no other."""
        if self.log is not None:
            answer_log.add(self.log, self.outcomes, self.routing, answers)

    def watch(self, name: str, path: Path, changed: Callable[[Path], None]) -> None:
        """Call `changed` whenever another file stands at a path; where it fails, that is reported under the name."""
        self._files.add(name, path, changed)

    def start(self) -> None:
        """Begin to log, and to send spans."""
        if self.log:
            self.log.start()
        if self.tracer:
            self.tracer.sender.start()

    def stop(self) -> None:
        """Finish what is under way and write what waits."""
        self.batcher.close()
        if self.log:
            self.log.close()
        if self.outcomes:
            self.outcomes.close()
        if self.tracer:
            self.tracer.sender.stop()

    async def follow(self) -> None:
        """Look after the files until cancelled; loading happens beside the event loop."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await asyncio.to_thread(self.poll)

    def poll(self) -> None:
        """Read again what changed; what cannot be read is reported once and leaves the former in use."""
        self._files.poll()
        self._refresh_feed()
        self._keep_outcomes(self.routing)
        if self._reporter:
            self._reporter.report(self.routing)

    def _keep_outcomes(self, routing: Routing | None) -> None:
        """Go over to the experiment of a routing, and tell the follower what came of it so far."""
        if self.outcomes is None or routing is None:
            return
        try:
            self.outcomes.begin(routing.experiment, [model.version for model in routing.models])
            self.outcomes.publish()
            self._unkept = ""
        except Exception as error:  # whatever it is, predictions do not depend on it
            self._files.report("outcomes", error, said=str(error) == self._unkept)
            self._unkept = str(error)

    def _read_keys(self, path: Path) -> None:
        self.keys = keys.load(path, self.settings.throttle, self.keys, self._cells)

    def _begin_routes(self, file: Path, followed: bool) -> None:
        """Watch the routing file, and serve what it names if it is there.

        Raises:
            MainlineError: when it cannot be served, and neither a fixed routing nor a follower stands in.
        """
        watched = self._files.add("routing", file, self._read_routes)
        try:
            if file.exists():
                watched.read()
        except MainlineError as error:
            if not followed and self.routing is None:
                raise
            self._files.report("routing", error)

    def _begin_report(self, page: Path) -> None:
        """Watch monitoring's page, and show it; whatever is in it, predictions do not depend on it."""
        watched = self._files.add("report", page, self._read_report)
        try:
            watched.read()
        except Exception as error:
            self._files.report("report", error)

    def _read_routes(self, path: Path) -> None:
        loaded, declared = self.models(), routes.read(path)
        given = self.settings.limits.text_length, self.settings.slack
        try:
            self._route(routing.load(declared, loaded, *given))
        except MainlineError:
            if not loaded:
                self._route(routing.load_sound(declared, *given))
            raise  # also where one version serves now: the others are tried again

    def _read_report(self, path: Path) -> None:
        self.report = reports.read(path)

    def _check_served(self, found: Routing | None) -> None:
        """Have the key at hand by which the log hides what is personal, and names that GraphQL takes if it is declared.

        Raises:
            MainlineError: when there is no such key, or another name.
        """
        if self.settings.graphql and found:
            names.check(found.models)
        if self.log and found and (found.hides_clients or any(model.personal for model in found.models)):
            self.log.pseudonyms  # noqa: B018 - read once, and kept

    def _route(self, found: Routing) -> None:
        self._check_served(found)
        for model in found.models:
            self._feed(model)
        self._keep_outcomes(found)  # before the first answer that is dealt by it
        self.routing = found
        say("routes", routes={model.version: weight for model, weight in zip(found.models, found.weights, strict=True)})

    def _refresh_feed(self) -> None:
        for model in self.models():
            self._feed(model)

    def _feed(self, model: Model) -> None:
        if self.feed is None:
            return
        try:
            for table in self.feed.refresh(model):
                say("feed read", table=table, version=model.version)
        except Exception as error:  # whatever is in a file, the others are followed on
            self._files.report("feed", error)
