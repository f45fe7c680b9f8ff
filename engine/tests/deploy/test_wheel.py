"""The wheel that MLEM builds, from a real package into a clean environment."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from mainline.errors import MainlineError
from tests.door import typed
from tests.mainline.package import samples
from tests.project import ENGINE, LIMIT, ROOT, Project

Finished = subprocess.CompletedProcess[str]
Build = Callable[..., Finished]


def run(*command: str | Path, **options: Any) -> Finished:
    """Run a command and return what it said; its exit status is the caller's to judge."""
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False, **options)


@pytest.fixture(scope="module")
def build() -> Build:
    """Run build_wheel.py with MLEM's Python; options of `subprocess.run` by name."""
    prepared = run("engine/run", "mlem", "true", cwd=ROOT)
    assert prepared.returncode == 0, prepared.stderr
    mlem = ROOT / ".venv-mlem/bin/python"
    return lambda *arguments, **options: run(mlem, ROOT / "engine/mlem/build_wheel.py", *arguments, **options)


@pytest.fixture(scope="module")
def wheel(build: Build, package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the real package, its metadata beside it."""
    built = build(package_dir, tmp_path_factory.mktemp("wheel") / "dist")
    assert built.returncode == 0, built.stderr
    return Path(built.stdout.strip())


@pytest.fixture(scope="module")
def clean_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that pip installed the wheel into, and nothing else."""
    venv = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=LIMIT)
    installed = run(venv / "bin" / "python", "-m", "pip", "install", "--quiet", wheel)
    assert installed.returncode == 0, installed.stderr
    return venv / "bin" / "python"


@pytest.fixture
def vendoring(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that copies the loader."""
    monkeypatch.syspath_prepend(ENGINE / "mlem")
    return import_module("vendoring")


def test_installed_wheel_predicts_as_the_package_does(clean_python: Path, package_dir: Path) -> None:
    """The installed wheel answers the golden requests with the golden predictions, to the last bit."""
    golden = json.loads((package_dir / "golden.json").read_text())
    program = "import flight_delay, json, sys; print(json.dumps(flight_delay.predict(json.load(sys.stdin))))"
    answered = run(clean_python, "-I", "-W", "error", "-c", program, input=json.dumps(golden["requests"]))
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout) == golden["predictions"]


def test_installed_wheel_refuses_a_request_that_does_not_fit(clean_python: Path) -> None:
    """A wrong request raises the wheel's own RequestError, which names the row and the field."""
    program = "import flight_delay as f\ntry: f.predict([{'gate': 1}])\nexcept f.RequestError as error: print(error)"
    answered = run(clean_python, "-I", "-c", program)
    assert answered.stdout.startswith("row 0: gate: is unknown"), answered.stderr


@pytest.mark.parametrize("module", ["mainline", "usecase", "mlem", "sklearn", "pandas"])
def test_installed_wheel_stands_alone(clean_python: Path, module: str) -> None:
    """The wheel needs neither the project nor MLEM nor a training library where it is installed."""
    absent = run(clean_python, "-I", "-c", f"import flight_delay, {module}")
    assert f"No module named '{module}'" in absent.stderr


def test_metadata_describes_the_request_and_the_requirements(wheel: Path, package_dir: Path) -> None:
    """MLEM's metadata names every field of a request with its type, and the package's requirements."""
    (metadata,) = wheel.parent.glob("*.mlem")
    model = yaml.safe_load(metadata.read_text())
    schema = json.loads((package_dir / "request.schema.json").read_text())
    (rows,) = model["processors"]["model"]["methods"]["predict"]["args"]
    types = {name: described["ptype"] for name, described in rows["type_"]["dtype"]["item_types"].items()}
    assert types.keys() == schema["properties"].keys()
    assert {types["dep_delay"], types["flight"], types["tailnum"]} == {"float", "int", "str"}
    lines = [f"{required['package_name']}=={required['version']}" for required in model["requirements"]]
    assert lines == (package_dir / "requirements.txt").read_text().split()


def test_wheel_of_classes_answers_as_the_package_does(build: Build, tmp_path: Path) -> None:
    """A class and the probability of each come out of the wheel, and its metadata has their types."""
    package = samples.classes(tmp_path)
    built = build(package, tmp_path / "dist")
    assert built.returncode == 0, built.stderr
    model = yaml.safe_load(next((tmp_path / "dist").glob("*.mlem")).read_text("utf-8"))
    types = model["processors"]["model"]["methods"]["predict"]["returns"]["dtype"]["item_types"]
    assert types["class"]["ptype"] == "str"
    assert {share["ptype"] for share in types["probabilities"]["item_types"].values()} == {"float"}
    shutil.unpack_archive(built.stdout.strip(), tmp_path / "site", "zip")
    golden = json.loads((package / "golden.json").read_text("utf-8"))
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import flowers; "
        "print(json.dumps(flowers.predict(json.load(sys.stdin))))"
    )
    answered = run(sys.executable, "-I", "-c", program, tmp_path / "site", input=json.dumps(golden["requests"]))
    assert json.loads(answered.stdout) == golden["predictions"], answered.stderr


def test_wheel_is_the_same_when_built_again(build: Build, wheel: Path, package_dir: Path, tmp_path: Path) -> None:
    """A wheel built again, elsewhere and with another umask, has the same name and the same bytes."""
    built = build(package_dir, tmp_path / "again", umask=0o077)
    assert (tmp_path / "again" / wheel.name).read_bytes() == wheel.read_bytes(), built.stderr


def test_wheel_takes_a_name_and_a_release_number(build: Build, package_dir: Path, tmp_path: Path) -> None:
    """A name and a version given by hand are those of the wheel."""
    build(package_dir, tmp_path, "--name", "late-flights", "--version", "1.2.0")
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["late_flights-1.2.0-py3-none-any.whl", "late_flights-1.2.0.mlem"]


@pytest.mark.usefixtures("build")
def test_the_door_builds_the_wheel(small_project: Project, tmp_path: Path) -> None:
    """`./mainline wheel` says where the wheel of the package here is, and takes a release number."""
    twin, mlem = small_project.twin(tmp_path / "twin"), str(ROOT / ".venv-mlem")
    said = twin.run("python", "-m", "mainline", "wheel", "--version", "1.2.0", VENV_MLEM=mlem).stdout
    assert said == "dist/flight_delay-1.2.0-py3-none-any.whl\n"
    assert (twin.path / said.strip()).is_file()
    refused = twin.run("python", "-m", "mainline", "wheel", "--version", "new", succeed=False, VENV_MLEM=mlem)
    assert "'new' does not match" in refused.stderr
    assert refused.stderr.endswith("mainline: no wheel was built; what stopped it is said above.\n")


def test_without_a_package_nothing_is_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel of nothing is refused before MLEM is installed."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MainlineError, match=r"no models/package to build a wheel of\. Run `make repro` first\."):
        typed("wheel")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda package: (package / "model.onnx").write_bytes(b"other"), "model.onnx was changed"),
        (lambda package: (package / "golden.json").unlink(), "golden.json is missing"),
        (lambda package: (package / "code" / "more.py").touch(), "code/more.py does not belong to the package"),
        (shutil.rmtree, "there is no manifest.json"),
    ],
    ids=["changed", "missing", "extra", "absent"],
)
def test_tampered_package_is_refused(
    build: Build, package_dir: Path, tmp_path: Path, damage: Callable[[Path], object], said: str
) -> None:
    """A package that is not as it was sealed gives one line that names the file, and no wheel."""
    damaged = shutil.copytree(package_dir, tmp_path / "package")
    damage(damaged)
    refused = build(damaged, tmp_path / "dist")
    assert refused.returncode == 1
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "dist").exists()


def test_failed_build_leaves_nothing_behind(build: Build, package_dir: Path, tmp_path: Path) -> None:
    """When setuptools breaks during the build, the output folder holds no file."""
    (tmp_path / "setuptools.py").write_text("raise RuntimeError('broken')")
    failed = build(package_dir, tmp_path / "dist", env={"PYTHONPATH": str(tmp_path)})
    assert failed.returncode == 1
    assert "pip could not build flight_delay" in failed.stderr
    assert list((tmp_path / "dist").iterdir()) == []


@pytest.mark.parametrize("line", ["from a import b", "from a.b import c", "import a.b as c", "import z, a.b as c"])
def test_vendored_imports_name_the_copy(vendoring: ModuleType, line: str) -> None:
    """Every form of absolute import of the loader's package is turned to the copy, and nothing else is."""
    others = "from ab import a\nfrom .a import b\na = 'import a'\n"
    renamed = vendoring.rename_imports(line + "\n" + others, "a", "x._loader", Path("m.py"))
    assert renamed == line.replace("a", "x._loader", 1) + "\n" + others


def test_import_that_binds_the_old_name_is_refused(vendoring: ModuleType) -> None:
    """An import whose name the copy can't have is refused, with the line and the form to write."""
    with pytest.raises(vendoring.VendoringError, match=r"m\.py:2: `import a\.b` binds the old name; write `from a imp"):
        vendoring.rename_imports("import z\nimport a.b\n", "a", "x", Path("m.py"))


def test_import_broken_by_a_backslash_is_refused(vendoring: ModuleType) -> None:
    """An import that can't be found on its line is refused instead of left as it was."""
    with pytest.raises(vendoring.VendoringError, match=r"m\.py:1: an import broken by a backslash"):
        vendoring.rename_imports("from \\\n  a import b\n", "a", "x", Path("m.py"))


def test_loader_that_does_not_exist_is_refused(vendoring: ModuleType, tmp_path: Path) -> None:
    """A source folder without the loader is named."""
    with pytest.raises(vendoring.VendoringError, match=r"has no module mainline\.package\.predictor"):
        vendoring.trace_modules(tmp_path, "mainline.package.predictor")
