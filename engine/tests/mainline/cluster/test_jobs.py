"""Retraining and monitoring as CronJobs: what is rendered, and what their pods would run."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.cluster import jobs
from mainline.cluster.jobs import Jobs, Size
from mainline.commands import render
from mainline.errors import MainlineError
from tests.project import Project


def script(file: str, **declared: Any) -> str:
    """Return what the pod of a manifest runs."""
    usual = {"repository": "https://git.example.org/a/b.git", "image": "image", "has_store": True, "moves": True}
    wanted = Jobs(**{**usual, **declared})
    pod = jobs.pipeline(wanted)[file]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return str(pod["containers"][0]["command"][-1])


@pytest.mark.parametrize(
    ("declared", "absent"),
    [({"has_store": False}, {"pull", "push"}), ({"moves": False}, {"window"})],
    ids=["no store that others reach", "data without time"],
)
def test_a_step_that_has_nothing_to_work_on_is_left_out(declared: dict[str, bool], absent: set[str]) -> None:
    """A folder of somebody's machine is not pulled from, and data without time has no newer period."""
    whole, less = (
        {line.split()[1] for line in script("retrain.yaml", **more).splitlines() if line.startswith("./mainline")}
        for more in ({}, declared)
    )
    assert whole - less == absent


@pytest.mark.parametrize("file", ["retrain.yaml", "monitor.yaml"])
def test_no_manifest_holds_a_token(file: str) -> None:
    """The pod reads it out of a secret, and git asks for it when it needs it."""
    assert "GITHUB_TOKEN" in script(file)
    assert "@git.example.org" not in script(file)
    made = jobs.pipeline(Jobs("https://git.example.org/a/b.git", "image", True, True))[file]
    (container,) = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert "GITHUB_TOKEN" not in {variable["name"] for variable in container["env"]}


def test_the_files_are_read_by_people(fresh_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script stands there line by line; an address for ssh becomes one that the pod's token opens."""
    monkeypatch.chdir(fresh_project.path)
    fresh_project.run("git", "remote", "add", "origin", "git@github.com:team/fork.git")
    said = render.pipeline("image", Size("4", "16Gi"), Path("deploy/kubernetes"))
    assert "retrain.yaml, monitor.yaml" in said
    text = Path("deploy/kubernetes/pipeline/retrain.yaml").read_text()
    assert "              make repro\n              make report\n" in text
    assert "&id" not in text
    (container,) = yaml.safe_load(text)["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert {"name": "REPOSITORY", "value": "https://github.com/team/fork.git"} in container["env"]
    assert container["resources"]["limits"] == {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "20Gi"}


def test_the_address_is_one_that_everybody_may_read(fresh_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password in the address of a clone, and the port of ssh, come into no manifest, which git will have."""
    monkeypatch.chdir(fresh_project.path)
    fresh_project.run("git", "remote", "add", "origin", "https://git.example.org/a/b.git")
    for start in ("https://me:secret@git.example.org/", "ssh://git@git.example.org:2222/", "ssh://git@git.example.org/",
                  "git@git.example.org:"):  # fmt: skip
        fresh_project.run("git", "remote", "set-url", "origin", f"{start}a/b.git")
        render.pipeline("image", Size(), Path("out"))
        render.render("production", "follower", "image", Path("out"), "v1.0.0")
        assert "value: https://git.example.org/a/b.git\n" in Path("out/pipeline/retrain.yaml").read_text()
        assert "secret@" not in "".join(file.read_text() for file in Path("out").rglob("*.yaml"))


@pytest.mark.parametrize(("cpu", "memory"), [("lots", "8Gi"), ("2", "8 GB"), ("-1", "8Gi"), ("2", "")])
def test_an_amount_that_no_cluster_reads_is_refused(cpu: str, memory: str, tmp_path: Path) -> None:
    """One line says how an amount is written, and nothing is rendered."""
    with pytest.raises(MainlineError, match=r"--(cpu|memory) .*write an amount as Kubernetes does"):
        render.pipeline("image", Size(cpu, memory), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["s3://bucket/store", "ssh://host/store", "https://host/store"])
def test_a_store_that_is_declared_for_all_is_used(
    fresh_project: Project, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket in `.dvc/config` is pulled from and pushed to; the default store, a folder of a clone, is not."""
    monkeypatch.chdir(fresh_project.path)
    render.pipeline("image", Size(), Path("before"))
    fresh_project.run("dvc", "remote", "add", "--default", "team", address)
    render.pipeline("image", Size(), Path("after"))
    before, after = (Path(name, "pipeline/retrain.yaml").read_text() for name in ("before", "after"))
    assert ("./mainline push" in before, "./mainline push" in after) == (False, True)


def test_the_scripts_are_valid_bash() -> None:
    """Bash reads them without running a line."""
    for file in ("retrain.yaml", "monitor.yaml"):
        subprocess.run(["bash", "-n", "-c", script(file)], check=True)
