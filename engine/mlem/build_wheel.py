"""Build MLEM's metadata and a wheel from a model package: `python engine/mlem/build_wheel.py PACKAGE OUTPUT`.

Runs in MLEM's own environment (`engine/mlem/requirements.txt`), which does not hold the project.
"""

import argparse
import os
import re
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # MLEM's environment does not hold the project

import mlem.api
from extension import StandaloneWheel, WheelError
from mlem.config import LOCAL_CONFIG
from package_folder import PackageFolder, read_folder
from vendoring import copy_modules, trace_modules

from mainline.errors import MainlineError

ENGINE = Path(__file__).parents[1]
LOADER = "mainline.package.predictor"
NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
VERSION = r"\d+(\.\d+)*((a|b|rc)\d+)?(\+[a-z0-9.]+)?"


def build_wheel(folder: PackageFolder, output: Path, name: str, version: str) -> Path:
    """Write MLEM's metadata and the wheel to output, each whole or not at all; return the wheel.

    Raises:
        WheelError: when the build fails or leaves out a file of the package.
        VendoringError: when the loader can't be copied.
    """
    module = name.replace("-", "_")
    modules = trace_modules(ENGINE / "src", LOADER)
    os.umask(0o022)  # file modes are bytes of the wheel
    output.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".building-", dir=output) as scratch:
        staging = Path(scratch)
        copy_modules(modules, LOADER.partition(".")[0], staging / "loader", f"{module}._loader")
        model = mlem.api.save(folder, staging / "model", params={"digest": folder.digest})
        builder = StandaloneWheel(
            package_name=module,
            version=version,
            python_version=tomllib.loads((ENGINE / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"],
            short_description=f"{folder.name}, model package {folder.digest[:16]}",
            target=str(staging / "wheel"),
            loader=str(staging / "loader"),
        )
        mlem.api.build(builder, model)
        (wheel,) = (staging / "wheel").iterdir()
        _check_wheel(wheel, module, folder)
        stem = "-".join(wheel.name.split("-")[:2])
        (staging / "model.mlem").replace(output / f"{stem}.mlem")
        return wheel.replace(output / wheel.name)


def _check_wheel(wheel: Path, module: str, folder: PackageFolder) -> None:
    with ZipFile(wheel) as archive:
        absent = {f"{module}/model/{name}" for name in folder.contents}.difference(archive.namelist())
    if absent:
        raise WheelError(f"{wheel.name} would lack {', '.join(sorted(absent))}. Build with the locked setuptools.")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Build MLEM's metadata and a wheel from a model package.")
    parser.add_argument("package", type=Path, help="folder of the model package, such as models/package")
    parser.add_argument("output", type=Path, help="folder to write to, such as dist")
    parser.add_argument("--name", help="name to install the wheel under; the package's own name by default")
    parser.add_argument("--version", help="a release number; 0.0.0+DIGEST by default")
    return parser.parse_args()


def main() -> int:
    """Build the wheel and print its path; print one line and return 1 when that can't be done."""
    arguments = _parse_arguments()
    LOCAL_CONFIG.NO_ANALYTICS = True  # MLEM reports every call otherwise
    try:
        folder = read_folder(arguments.package)
        name = arguments.name or folder.name
        version = arguments.version or f"0.0.0+{folder.digest[:8]}"
        for word, pattern, example in ((name, NAME, "my-model"), (version, VERSION, "1.2.0")):
            if not re.fullmatch(pattern, word):
                raise WheelError(f"'{word}' does not match {pattern}; an example is {example}.")
        print(build_wheel(folder, arguments.output, name, version))
    except (MainlineError, OSError) as error:
        print(f"build_wheel: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
