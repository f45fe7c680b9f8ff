"""Processes that fit one model together: each has rows of its own, and all end with the same trees.

XGBoost and LightGBM add up each split's sums over all of them, in the order of their places. So the trees depend on how
many there are and which rows each has, and not on where they run: the same places with the same rows give the same
bytes. What travels between them is sums, without encryption.
"""

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from mainline.errors import ParamsError, WorkerError
from mainline.model.boosting import libraries

Address = tuple[str, int]
"""Host and port of a place."""
PATIENCE = 120
"""Seconds that a process waits for the others, which may have their rows to read yet."""
_RETRIES = 30
"""Attempts to reach the first place; the pauses between them grow by a second or two."""
_OF_NETWORK = re.compile(r"socket|connect|network|tracker|collective|rabit|bind|allreduce|machine", re.IGNORECASE)


class UnreachedError(WorkerError):
    """A process did not reach the others, or lost them."""


@contextmanager
def joined(estimator: Any, place: int, addresses: Sequence[Address]) -> Iterator[Mapping[str, Any]]:
    """Be one of several processes, and offer the hyperparameters that say so.

    Args:
        estimator: of XGBoost or LightGBM.
        place: of this process.
        addresses: of all; on each of these ports nothing listens yet.

    Raises:
        UnreachedError: when the others cannot be reached.
        ParamsError: when the library refuses what it is to fit.
    """
    library = libraries.of(estimator)
    errors = library.ERRORS if library else ()
    name = type(estimator).__name__
    join = _join_xgboost if type(estimator).__module__.startswith("xgboost") else _join_lightgbm
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # each attempt to connect is told
            with join(place, addresses) as declared:
                yield declared
    except errors as error:
        said = " ".join(str(error).split())[:300]
        if _OF_NETWORK.search(said):
            raise UnreachedError(f"the processes that fit {name} together lost each other: {said}") from error
        raise ParamsError("model.params", f"{name} refuses: {said}", "correct params.yaml") from error


@contextmanager
def _join_xgboost(place: int, addresses: Sequence[Address]) -> Iterator[Mapping[str, Any]]:
    """Reach the others through a tracker, which the process at the first place runs."""
    import xgboost
    from xgboost.tracker import RabitTracker

    host, port = addresses[0]
    tracker = None
    with xgboost.config_context(verbosity=0):
        if place == 0:
            tracker = RabitTracker(n_workers=len(addresses), host_ip=host, port=port, sortby="task", timeout=PATIENCE)
            tracker.start()
        reached: dict[str, Any] = {
            "dmlc_communicator": "rabit", "dmlc_tracker_uri": host, "dmlc_tracker_port": port,
            "dmlc_task_id": f"{place:06}", "dmlc_retry": _RETRIES, "dmlc_timeout": PATIENCE,
        }  # fmt: skip
        with xgboost.collective.CommunicatorContext(**reached):
            if xgboost.collective.get_rank() != place:
                raise UnreachedError(f"place {place} was taken for {xgboost.collective.get_rank()}")
            yield {}
        if tracker:
            tracker.wait_for(PATIENCE)


@contextmanager
def _join_lightgbm(place: int, addresses: Sequence[Address]) -> Iterator[Mapping[str, Any]]:
    """Have LightGBM reach the others when it fits."""
    import lightgbm

    library: Any = import_module("lightgbm.basic")._LIB
    silent = logging.getLogger("lightgbm-network")
    silent.setLevel(logging.CRITICAL)
    lightgbm.register_logger(silent)
    try:
        yield {
            "tree_learner": "data", "pre_partition": True, "num_machines": len(addresses),
            "machines": ",".join(f"{host}:{port}" for host, port in addresses),
            "local_listen_port": addresses[place][1], "time_out": max(PATIENCE // 60, 1),
        }  # fmt: skip
    finally:
        library.LGBM_NetworkFree()  # else its port stays taken
