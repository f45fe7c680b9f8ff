"""A cluster of Dask as this process sees it: reached or not, with so many workers, silent or gone."""

import asyncio
import logging
import queue
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mainline import progress
from mainline.declared.compute import FILE, MISSING, TLS, Compute
from mainline.errors import MainlineError, ParamsError, WorkerError
from mainline.stages import software

CONNECTING = 10.0
"""Seconds that a scheduler has to answer at all."""
CLOSING = 5.0
PULSE = 1.0
POLL = 0.2
TOLD_AFTER = 5.0
"""Seconds after which it is said that no worker is there."""
ALIKE = ("dask", "distributed", "cloudpickle")
"""Libraries by which functions travel; their versions must agree before anything is sent."""


class Cluster:
    """A scheduler and its workers.

    Args:
        client: of Dask, connected.
        declared: the address, and how long nothing may be heard.
    """

    def __init__(self, client: Any, declared: Compute) -> None:
        self.workers: Mapping[str, int] = {}
        """The threads of each worker by address, as they were at the last look."""
        self._client = client
        self._declared = declared
        self._heard = self._answered = self._began = time.monotonic()
        self._alike: set[str] = set()
        self._refusal: MainlineError | None = None
        self._told = False

    def submit(self, function: Callable[..., Any], *arguments: Any, key: str, worker: str = "") -> Any:
        """Send a task, to one worker if it is named, and return its future."""
        places = {"workers": [worker]} if worker else {}
        return self._client.submit(function, *arguments, key=key, pure=False, **places)

    def deliver(self, future: Any, answers: "queue.SimpleQueue[tuple[str, Any]]") -> None:
        """Put a task's key, and its result or the exception that it ended with, into a queue as soon as it is here."""
        self._start(self._deliver(future, answers))

    def cancel(self, futures: Iterable[Any]) -> None:
        """Have nobody work on tasks any more."""
        with suppress(Exception):  # the cluster may be gone
            self._client.cancel([*futures], force=True)

    def check(self) -> None:
        """Look whether the cluster is there.

        Raises:
            WorkerError: when the scheduler is gone, when it or all workers have been silent for too long, or when a
                worker has other libraries.
        """
        if self._refusal:
            raise self._refusal
        address, seconds, now = self._declared.dask, self._declared.silent_seconds, time.monotonic()
        if self._client.status != "running":
            raise self.gone()
        if now - self._answered > max(seconds, CONNECTING):
            raise WorkerError(
                f"the Dask scheduler at {address} has not answered for {now - self._answered:.0f} s. Look at its log, "
                "and start it again."
            )
        if self.workers:
            return
        if now - self._heard > seconds:
            raise WorkerError(
                f"no worker has been at {address} for {now - self._heard:.0f} s. Start some with `./mainline worker "
                f"{address}`, or declare more `silent_seconds` in {FILE}."
            )
        if now - self._heard > TOLD_AFTER and not self._told:
            self._told = True
            progress.say(f"no worker is at {address}; waiting for one, at most {seconds} s")

    def wait(self) -> None:
        """Wait for a first worker.

        Raises:
            WorkerError: as `check`.
        """
        while not self.workers:
            self.check()
            time.sleep(POLL)

    def enough(self, number: int) -> list[str]:
        """Wait for so many threads of workers, and return whose they are: of as many workers as there are.

        Raises:
            WorkerError: as `check`, and when there are too few for as long as the cluster may be silent.
        """
        began = time.monotonic()
        while (found := sum(self.workers.values())) < number:
            self.check()
            seconds = self._declared.silent_seconds
            if found and time.monotonic() - began > seconds:
                raise WorkerError(
                    f"{number} workers fit at the same time (model.fit.workers in params.yaml), and for {seconds} s "
                    f"no more than {found} were at {self._declared.dask}. Start others with `./mainline worker`."
                )
            time.sleep(POLL)
        threads = [(turn, address) for address, many in self.workers.items() for turn in range(many)]
        return [address for _, address in sorted(threads)[:number]]

    def gone(self) -> WorkerError:
        """Return the error of a scheduler that went away."""
        return WorkerError(
            f"the Dask scheduler at {self._declared.dask} went away while partitions were computed. Start it again, "
            "and workers for it."
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the cluster again and again while something is done."""
        pulse = self._start(self._pulse())
        try:
            yield
        finally:
            pulse.cancel()

    def _start(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._client.loop.asyncio_loop)

    async def _deliver(self, future: Any, answers: "queue.SimpleQueue[tuple[str, Any]]") -> None:
        try:
            answer = await self._client.gather(future, asynchronous=True)
        except (Exception, asyncio.CancelledError) as error:
            answer = error
        answers.put((future.key, answer))

    async def _pulse(self) -> None:
        while True:
            with suppress(OSError):  # the client learns by itself that its connection is gone
                scheduler = await self._client.scheduler.identity(n_workers=-1)
                workers = {address: worker["nthreads"] for address, worker in scheduler["workers"].items()}
                self._answered = time.monotonic()
                await self._compare({*workers} - self._alike)
                if not self._refusal:
                    self.workers = workers
                if workers:
                    self._heard = time.monotonic()
            await asyncio.sleep(PULSE)

    async def _compare(self, workers: set[str]) -> None:
        """Refuse a scheduler or workers by which functions could not travel."""
        from distributed import versions

        if not workers:
            return
        scheduler = self._client.scheduler
        found = await scheduler.broadcast(
            msg={"op": "versions", "packages": []}, workers=[*workers], on_error="ignore", nanny=False
        )
        found = {f"the worker {address}": one for address, one in found.items() if one}
        if not self._alike:
            found[f"the scheduler {self._declared.dask}"] = await scheduler.versions(packages=[])
        own = _versions(versions.get_versions())
        for place, one in found.items():
            for name, version in _versions(one).items():
                if version != own[name] and not self._refusal:
                    self._refusal = WorkerError(
                        f"{name} is {version or 'missing'} at {place} and {own[name]} here, so no work can be sent. "
                        f"{software.REMEDY}"
                    )
        self._alike |= workers


@contextmanager
def connected(declared: Compute) -> Iterator[Cluster]:
    """Reach the declared scheduler; at the end let go of all that was sent there.

    Raises:
        WorkerError: when no scheduler answers, or Dask is not installed.
        ParamsError: when its certificates are not as they must be.
    """
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise WorkerError(MISSING) from error
    silent, quiet = logging.root.manager.disable, {"distributed.admin.large-graph-warning-threshold": "1 TiB"}
    security = _security(declared)
    logging.disable(logging.CRITICAL)  # Dask logs what is told here in one line
    try:
        with warnings.catch_warnings(), dask.config.set(quiet):
            warnings.simplefilter("ignore")
            try:
                client = Client(
                    declared.dask, timeout=CONNECTING, security=security, set_as_default=False, name="mainline"
                )
            except (OSError, TimeoutError, MemoryError, ValueError) as error:  # the last two: another kind of server
                raise _unreachable(declared, error) from error
            cluster = Cluster(client, declared)
            try:
                with cluster.watched():
                    yield cluster
            finally:
                with suppress(Exception):
                    client.close(timeout=CLOSING)
    finally:
        logging.disable(silent)


def _security(declared: Compute) -> Any:
    """Return the certificates: those that are declared, else those of Dask's own configuration.

    Raises:
        ParamsError: when there are none for an address that needs them, or a file is not there.
    """
    from distributed import Security

    if not declared.dask.startswith("tls://"):
        return None
    if declared.tls is None:
        security = Security(require_encryption=True)
        if not (security.tls_ca_file and security.tls_client_cert):
            raise ParamsError("dask", f"is {declared.dask} without certificates", f"declare them as `{TLS}`", FILE.name)
        return security
    for name, file in declared.tls.files().items():
        if not Path(file).is_file():
            raise ParamsError(f"tls.{name}", f"is {file}, which is not a file here", "name the PEM file", FILE.name)
    return Security(
        tls_ca_file=declared.tls.ca, tls_client_cert=declared.tls.cert, tls_client_key=declared.tls.key,
        require_encryption=True,
    )  # fmt: skip


def _unreachable(declared: Compute, error: Exception) -> WorkerError:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    said = " ".join(str(cause).split()) or type(cause).__name__
    return WorkerError(
        f"no Dask scheduler answers at {declared.dask} ({said}). Start one with `engine/run main dask scheduler`, or "
        f"correct the address in {FILE}."
    )


def _versions(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions that must agree, of Python without its last number."""
    packages = found["packages"]
    return {"Python": ".".join(packages["python"].split(".")[:2]), **{name: packages.get(name) for name in ALIKE}}
