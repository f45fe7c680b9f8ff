"""Compute partitions for the Dask cluster of compute.yaml."""

import argparse
import os
import sys
from importlib.util import find_spec

from mainline.declared import compute
from mainline.declared.compute import ADDRESS, FILE, Compute
from mainline.errors import MainlineError


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "address", nargs="?", default="", help="of the scheduler; what compute.yaml declares without it"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="how many work side by side")
    parser.add_argument(
        "--memory-limit", default="auto", metavar="SIZE", help="what each may take, such as 4GiB; auto: by its "
        "share of the processors"
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> str:
    """Become a worker of Dask until it is told to stop; this process does not return.

    Raises:
        MainlineError: when no scheduler is named, or Dask is not installed.
    """
    declared = compute.load()
    address = arguments.address or declared.dask
    if not ADDRESS.fullmatch(address):
        found = f"'{address}' is not one" if address else f"{FILE} declares none"
        raise MainlineError(f"name where the scheduler listens, such as tcp://10.0.0.7:8786; {found}.")
    if find_spec("distributed") is None:
        raise MainlineError(compute.MISSING)
    sys.stdout.flush()
    command = [sys.executable, "-m", "dask", "worker", address, *_options(arguments, declared)]
    os.execv(sys.executable, command)  # noqa: S606 - signals come to Dask itself
    return ""


def _options(arguments: argparse.Namespace, declared: Compute) -> list[str]:
    """List the options of `dask worker`: one thread, and a nanny that starts again what was ended."""
    limits = ["--nworkers", str(arguments.workers), "--nthreads", "1", "--memory-limit", arguments.memory_limit]
    tls = declared.tls
    certificates = ["--tls-ca-file", tls.ca, "--tls-cert", tls.cert, "--tls-key", tls.key] if tls else []
    return [*limits, "--nanny", "--no-dashboard", *certificates]
