"""Make an API key."""

import argparse
from pathlib import Path

from mainline.declared import deploy_files, environments, preview
from mainline.declared.service import Settings
from mainline.serving.answering import keys


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", help="whose key it is")
    parser.add_argument("--admin", action="store_true", help="for metrics and the service's state, not for predictions")
    parser.add_argument(
        "--settings", type=Path, default=Path("deploy/production.yaml"), metavar="FILE", help="the settings"
    )


def run(arguments: argparse.Namespace) -> str:
    """Put the hash of a new key into the file; return the key, which is shown once.

    Raises:
        ParamsError: when the settings, the file of keys or the name is not valid.
    """
    file = _service(arguments.settings).keys
    key = keys.make(file, arguments.name, "admin" if arguments.admin else "predict")
    return f"{key}\n  shown once; its hash is in {file}, which running servers read again within seconds"


def _service(file: Path) -> Settings:
    """Return how an environment, or a preview, is served."""
    if file.is_file() and deploy_files.is_preview(file.read_bytes()):
        return preview.load(file).service
    return environments.load_server(file).service
