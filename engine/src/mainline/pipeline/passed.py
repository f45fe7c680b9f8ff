"""What has passed the checks, by content: as long as it is the same, it need not be loaded to be checked again.

It is in `.dvc/tmp`, which git ignores. Whatever was loaded for the checks is in it: our own code, the use case's, the
parameters, and the lock of the libraries.
"""

import contextlib
import hashlib
import json
import sys
from pathlib import Path

from mainline import files

KEPT = Path(".dvc/tmp/passed.json")
USE_CASE = Path("src")
READ = (Path("params.yaml"), Path("requirements/main.txt"))
PACKAGES = ("mainline", "usecase")


def model() -> str:
    """Return the name of the model whose code and parameters have passed and are the same still; '' if they are not."""
    try:
        kept = json.loads(KEPT.read_bytes())
        is_same = kept["python"] == sys.version and all(_hash(name) == found for name, found in kept["files"].items())
        return str(kept["model"]) if is_same else ""
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ""


def keep(name: str) -> None:
    """Keep the name of the model, and the content of what this process has loaded and read, which has just passed."""
    modules = [module for path, module in [*sys.modules.items()] if path.partition(".")[0] in PACKAGES]
    loaded = [file for module in modules if (file := getattr(module, "__file__", None))]
    with contextlib.suppress(OSError):  # without it the next call checks again
        content = {str(file): _hash(str(file)) for file in (*READ, *USE_CASE.rglob("*.py"), *loaded)}
        files.replace(KEPT, json.dumps({"model": name, "python": sys.version, "files": content}))


def _hash(name: str) -> str:
    return hashlib.md5(Path(name).read_bytes(), usedforsecurity=False).hexdigest()
