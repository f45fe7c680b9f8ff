"""What MLEM needs to know of a model package: how it is carried, called and built into a wheel.

MLEM saves an arbitrary object by pickling it. A package is files already, so a `ModelIO` of its own
carries the files as they are: nothing is pickled, and nothing of the package runs while the wheel is built.
"""

import os
import posixpath
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

from fsspec import AbstractFileSystem
from mlem.contrib.pip.base import WhlBuilder
from mlem.core.artifacts import Artifacts, Storage
from mlem.core.data_type import ArrayType, DataAnalyzer, DataType, DictType, PrimitiveType
from mlem.core.model import Argument, ModelHook, ModelIO, ModelType, Signature
from mlem.core.objects import MlemModel
from mlem.core.requirements import InstallableRequirement, Requirements
from mlem.utils.templates import TemplateModel
from package_folder import PackageFolder

from mainline.errors import MainlineError

_PRIMITIVES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}

_BUILD_ENVIRONMENT = {
    "PYTHONWARNINGS": "ignore",  # setuptools warns of folders of data
    "SOURCE_DATE_EPOCH": "315532800",  # 1980-01-01, the first day a zip file can name
}


class WheelError(MainlineError):
    """The wheel cannot be built."""


class PackageFolderIO(ModelIO):
    """Carries the package's files as MLEM artifacts, byte for byte."""

    type: ClassVar[str] = "package_folder"

    def dump(self, storage: Storage, path: str, model: PackageFolder) -> Artifacts:
        """Write each file below path."""
        artifacts: Artifacts = {}
        for name, content in sorted(model.contents.items()):
            with storage.open(posixpath.join(path, name)) as (file, artifact):
                file.write(content)
            artifacts[name] = artifact
        return artifacts

    def load(self, artifacts: Artifacts) -> Any:
        """Refuse: MLEM's environment holds neither numpy nor ONNX Runtime."""
        raise NotImplementedError("MLEM only describes a model package; install the wheel to predict.")


class PackageModel(ModelType, ModelHook):
    """Describes `predict` by the package's own schema, where MLEM would call it on a sample."""

    type: ClassVar[str] = "package_folder"

    @classmethod
    def is_object_valid(cls, obj: Any) -> bool:
        """Whether MLEM was handed a package."""
        return isinstance(obj, PackageFolder)

    @classmethod
    def process(cls, obj: PackageFolder, **_: Any) -> "PackageModel":
        """Return the description of a package."""
        rows = Argument(name="rows", type_=ArrayType(dtype=describe_type(obj.request)))
        returns = (
            ArrayType(dtype=describe_type(obj.response))  # MLEM takes one value's type for that of a whole object
            if isinstance(obj.predictions[0], dict)
            else DataAnalyzer.analyze(obj.predictions, is_dynamic=True)
        )
        predict = Signature(name="predict", args=[rows], returns=returns)
        return PackageModel(io=PackageFolderIO(), methods={"predict": predict}).bind(obj)

    def get_requirements(self) -> Requirements:
        """Return the package's own requirement lines, where MLEM would guess them from imported modules."""
        return Requirements.new([_read_requirement(line) for line in self.model.requirements])


def describe_type(schema: dict[str, Any]) -> DataType:
    """Return MLEM's type of what a JSON Schema allows.

    MLEM has no type for a field that may be absent or null; such a field is described by its other type.
    """
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    name = next(name for name in names if name != "null")
    if name == "object":
        return DictType(item_types={key: describe_type(value) for key, value in schema["properties"].items()})
    return PrimitiveType(ptype=_PRIMITIVES[name])


def _read_requirement(line: str) -> InstallableRequirement:
    package, version = line.split("==")
    return InstallableRequirement(module=package.replace("-", "_"), package_name=package, version=version)


class InitTemplate(TemplateModel):
    """The `__init__.py` of the wheel."""

    TEMPLATE_FILE: ClassVar = "wheel_init.py.j2"
    TEMPLATE_DIR: ClassVar = str(Path(__file__).parent)

    short_description: str


class StandaloneWheel(WhlBuilder):
    """MLEM's wheel, with the loader inside instead of MLEM among its requirements.

    A wheel as MLEM builds it requires `mlem==0.4.14` and nothing that holds MLEM's own dependencies back,
    so it installs but can't be imported.
    """

    type: ClassVar[str] = "standalone_whl"
    loader: str
    """Folder of the vendored loader."""

    def make_distr(self, obj: MlemModel, root: str, fs: AbstractFileSystem) -> None:
        """Write MLEM's source tree to root, then replace the two files that name MLEM."""
        super().make_distr(obj, root, fs)
        package = Path(root, self.package_name)
        shutil.copytree(self.loader, package / "_loader")
        InitTemplate.from_model(self).write(str(package / "__init__.py"))
        Path(root, "requirements.txt").write_text("\n".join(obj.requirements.to_pip()), "utf-8")
        shutil.copy(package / "model" / "model_card.md", Path(root, "README.md"))

    def build_whl(self, path: str, target: str, _: AbstractFileSystem) -> None:
        """Build with this environment's pip and setuptools, off line.

        MLEM takes the first pip on PATH, which fetches whatever setuptools is newest that day.

        Raises:
            WheelError: when pip fails; what it said is on stderr.
        """
        options = ("--isolated", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", target)
        pip = subprocess.run(
            [sys.executable, "-m", "pip", "wheel", ".", *options],
            cwd=path,
            env=os.environ | _BUILD_ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if pip.returncode:
            sys.stderr.write(pip.stdout)
            raise WheelError(
                f"pip could not build {self.package_name} {self.version}, for the reason above. "
                "Make MLEM's environment anew: remove .venv-mlem and run `./mainline wheel`."
            )
