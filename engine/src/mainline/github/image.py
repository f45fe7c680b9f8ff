"""`image`: the container image of the service in GitHub's registry, once for each version.

The image holds the program that follows and serves, not the model, which comes from the store at run time. It is built
from the version's commit alone, so nothing of a workspace can be in it.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mainline import processes, progress
from mainline.errors import MainlineError
from mainline.github import api, outputs
from mainline.github.api import Api
from mainline.registry.tags import Version
from mainline.release import promotion
from mainline.repository import lock
from mainline.repository.git import ask, raw

REGISTRY = "ghcr.io"
FILE = "engine/container/Containerfile"
BASE = "python:3.11-slim-bookworm"
"""The image to build on. The digest that its name has on the day is what is built on, and it is recorded."""
SECONDS = 3600
"""How long one command may take: a build, or a push over a slow line."""

_ABSENT = ("not found", "manifest unknown", "name unknown", "denied")
"""How registries say that there is no such image; GitHub's says `denied` where the package does not exist yet."""


class ImageError(MainlineError):
    """The program `docker` is not there, or failed."""


def publish() -> str:
    """Build the image of the version that this very commit made, and push it; one that is there is left as it is.

    Its name and digest go to the step's outputs, where there is a run on GitHub to read them.

    Raises:
        ImageError: with the last words of docker.
        ApiError: when this repository is not on GitHub.
    """
    version = promotion.known(lock.package_at("HEAD"))
    if version is None:
        return "This commit has no version, so there is no image to build."
    if version.commit != ask("rev-parse", "HEAD"):
        return f"This commit made no version. The image of {version.name} is made by the run of {version.commit[:10]}."
    github = api.connect()
    name = f"{REGISTRY}/{github.name.lower()}"
    with tempfile.TemporaryDirectory(prefix="mainline-docker-") as folder:  # the token is not left behind
        docker = _Docker({**os.environ, "DOCKER_CONFIG": folder})
        docker.run("login", REGISTRY, "--username", os.environ.get("GITHUB_ACTOR", "git"), "--password-stdin",
                   given=_token(github))  # fmt: skip
        digest = docker.digest(f"{name}:{version.name}")
        said = f"{name}:{version.name} is there already, and is never changed: {digest}"
        if digest is None:
            digest = _build(docker, github, version, name)
            said = f"{name}:{version.name} is pushed: {digest}"
    outputs.hand_on(name=name, digest=digest)
    return said


class _Docker:
    """The program `docker`, with an environment of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def run(self, *arguments: str, given: bytes | None = None) -> str:
        """Run a command and return what it prints.

        Raises:
            ImageError: with docker's last words.
        """
        try:
            finished = processes.run(["docker", *arguments], SECONDS, given, env=self._environment)
        except subprocess.TimeoutExpired as error:
            raise ImageError(
                f"`docker {arguments[0]}` had no end within {SECONDS} s and was ended. Try again."
            ) from error
        except FileNotFoundError as error:
            raise ImageError(
                "there is no `docker` on the PATH. Install Docker, or podman with podman-docker."
            ) from error
        if finished.returncode != 0:
            said = " ".join((finished.stderr or finished.stdout).decode(errors="replace").split())
            raise ImageError(f"`docker {' '.join(arguments[:2])}` failed: {said[-400:]}")
        return finished.stdout.decode()

    def digest(self, image: str) -> str | None:
        """Return the digest that a registry has for an image; None where it has none."""
        try:
            # As JSON: some versions of buildx do not take a plain template.
            found = self.run("buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", image)
        except ImageError as error:
            if any(words in str(error).lower() for words in _ABSENT):
                return None
            raise
        return str(json.loads(found)["digest"])


def _build(docker: _Docker, github: Api, version: Version, name: str) -> str:
    base = docker.digest(BASE)
    if base is None:
        raise ImageError(f"there is no {BASE} to build on. Name another base in {Path(__file__).name}.")
    labels: dict[str, Any] = {
        "source": f"{github.server}/{github.name}", "revision": version.commit, "version": version.name,
        "base.name": BASE, "base.digest": base,
    }  # fmt: skip
    image = f"{name}:{version.name}"
    with progress.clock(f"building {image}"):
        docker.run(
            "build", "--file", FILE, "--tag", image, "--build-arg", f"BASE={BASE}@{base}",
            *(f"--label=org.opencontainers.image.{key}={value}" for key, value in labels.items()), "-",
            given=_tree(version.commit),
        )  # fmt: skip
    with progress.clock(f"pushing {image}"):
        docker.run("push", image)
    digest = docker.digest(image)
    if digest is None:
        raise ImageError(f"the registry does not have {image} after it was pushed. Run this again.")
    return digest


def _tree(commit: str) -> bytes:
    """Pack what git has of a commit, as the only thing that the build sees."""
    return raw("archive", "--format=tar", commit)


def _token(github: Api) -> bytes:
    if not github.token:
        raise ImageError("GITHUB_TOKEN is not set; the image is pushed in its name, with the scope write:packages.")
    return github.token.encode()
