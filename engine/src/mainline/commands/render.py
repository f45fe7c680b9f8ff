"""Write files for Kubernetes, Prometheus, CI, load tests."""

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from mainline import files, usage
from mainline.cluster import alerts, dashboard, gitlab, jenkins, jobs, manifests, queries
from mainline.cluster.jobs import Jobs, Size
from mainline.cluster.target import Manifest, Wanted, instance_of
from mainline.declared import environments, params
from mainline.declared.environments import Environment
from mainline.errors import MainlineError
from mainline.probe import scripts
from mainline.registry import addresses, origin, tags
from mainline.remote import address
from mainline.repository.git import ask

HEAD = "# Written by `./mainline render`; {remedy}.\n"
DECLARED = "change deploy/{environment}.yaml instead"
SERVICE, NOWHERE = "registry.example.org/mainline:latest", "https://git.example.org/YOU/YOUR-FORK.git"
"""What stands where nobody named an image, and where no origin is known."""
PACKAGE = "models/package"
AMOUNT = re.compile(r"\d+(\.\d+)?(m|[EPTGMk]i?)?")
"""How Kubernetes writes an amount, as far as people do."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    parser.add_argument(
        "--way",
        choices=("follower", "argo", "prometheus", "pipeline", "locust", "k6", "gitlab", "jenkins"),
        default="follower",
        help="who rolls out; prometheus: alerts; pipeline: retraining and monitoring on a cluster; locust, k6: the "
        "package's requests as a load test; gitlab, jenkins: the checks of a merge request, and the release",
    )
    parser.add_argument("--image", help="the image of the service, or of the pipeline; best by digest")
    parser.add_argument("--cpu", default=Size.cpu, help="of a pod of the pipeline, such as %(default)s")
    parser.add_argument("--memory", default=Size.memory, help="of a pod of the pipeline, such as %(default)s")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("deploy/kubernetes"),
        metavar="FOLDER",
        help="files go to ENVIRONMENT/WAY below it",
    )
    parser.add_argument("--package", type=Path, default=Path("models/package"), metavar="FOLDER",
                        help="whose requests locust and k6 send")  # fmt: skip
    parser.add_argument("--version", default="", help="what argo serves; what git assigns without it")


def run(arguments: argparse.Namespace) -> str:
    """Write the manifests as files that Argo CD or kubectl apply.

    Raises:
        MainlineError: when there is no such environment, also if the way needs none, or it cannot be rendered so.
    """
    environments.choose(arguments.environment, environments.load_all())
    if arguments.way in scripts.WAYS:
        return scripts.write(arguments.way, arguments.package, arguments.output / arguments.way)
    if arguments.way == "gitlab":
        return gitlab.write(arguments.output / arguments.way)
    if arguments.way == "jenkins":
        return jenkins.write(arguments.output / arguments.way)
    if arguments.way == "pipeline":
        size = Size(arguments.cpu, arguments.memory)
        return pipeline(arguments.image or jobs.IMAGE, size, arguments.output)
    image = arguments.image or SERVICE
    return render(arguments.environment, arguments.way, image, arguments.output, arguments.version)


def render(environment: str, way: str, image: str, output: Path, version: str) -> str:
    """Write the manifests into a folder, one file each.

    Args:
        environment: whose declarations are rendered.
        way: `follower`, `argo` or `prometheus`.
        image: the service's image, by digest where it should not change.
        output: below it, files go to ENVIRONMENT/WAY.
        version: the version that `argo` serves; what git assigns where it is empty.

    Raises:
        MainlineError: when the environment cannot be rendered so.
    """
    declared = environments.choose(environment, environments.load_all())
    if way == "prometheus":
        return _watched(environment, declared, output / environment / way)
    served = version or _assigned(environment)
    if way == "argo" and not served:
        raise MainlineError(
            f"git assigns no version to {environment} yet; `./mainline promote` first, or name one (--version)."
        )
    url = _address()
    wanted = Wanted(
        environment, image, url, served or "", declared.service, declared.rollout, declared.cluster, declared.packages,
        _package_mib(),
    )  # fmt: skip
    made = manifests.argo(wanted) if way == "argo" else manifests.follower(wanted)
    folder = output / environment / way
    _write(folder, made, DECLARED.format(environment=environment))
    return "\n".join([f"{folder}: {', '.join(made)}", *_differences(wanted, way)])


def pipeline(image: str, size: Size, output: Path) -> str:
    """Write retraining and monitoring as CronJobs into a folder.

    Args:
        image: what their pods run: Python with pip, git, make and bash.
        size: what a pod may take.
        output: below it, files go to `pipeline`.

    Raises:
        MainlineError: when an amount is not as Kubernetes writes it.
    """
    for option, value in (("--cpu", size.cpu), ("--memory", size.memory)):
        if not AMOUNT.fullmatch(value):
            raise MainlineError(f"{option} {value}: write an amount as Kubernetes does, such as 4 or 16Gi.")
    url = addresses.over_https(_address())
    moves = not params.load().data.snapshot
    made = jobs.pipeline(Jobs(url, image, address.is_shared(), moves, size=size))
    folder = output / "pipeline"
    _write(folder, made, "render them again instead")
    said = [f"{folder}: {', '.join(made)}", f"They need a secret {jobs.TOKEN} with GITHUB_TOKEN."]
    if not moves:
        said.append("The data has no time, so retrain.yaml takes no newer data: it fits again on the same snapshot.")
    return "\n".join(said)


def _address() -> str:
    """Return the address of the repository, without a password, since git will have it."""
    return addresses.without_password(ask("remote", "get-url", origin.remote())) or NOWHERE


def _package_mib() -> int:
    """Return the size of the package that `dvc.lock` names, in MiB and rounded up; 1 before there is one."""
    try:
        stages = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"]
        sizes = [out["size"] for out in stages["package"]["outs"] if out["path"] == PACKAGE]
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        sizes = []
    return max(1, -(-sum(sizes) // 2**20))


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: a script as its lines, and nothing said by reference."""

    def ignore_aliases(self, _: object) -> bool:
        """Write equal parts out."""
        return True

    def lines(self, text: str) -> yaml.ScalarNode:
        """Write a text of several lines as a block."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _Dumper.lines)


def _write(folder: Path, made: Mapping[str, Manifest], remedy: str) -> None:
    """Write manifests into a folder, by file; the first line of each says what to change instead of it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, manifest in made.items():
        text = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=120)
        (folder / name).write_text(HEAD.format(remedy=remedy) + text, encoding="utf-8")


def _watched(environment: str, declared: Environment, folder: Path) -> str:
    """Write the rules for Prometheus, and the dashboard for Grafana."""
    instance = instance_of(environment)
    rules = yaml.safe_dump(alerts.file(environment, instance, declared), sort_keys=False, width=120)
    files.replace(folder / "rules.yml", HEAD.format(remedy=DECLARED.format(environment=environment)) + rules)
    board = dashboard.file(environment, instance, declared)
    files.replace(folder / "dashboard.json", json.dumps(board, indent=2) + "\n")
    return f"{folder}: rules.yml, dashboard.json"


def _assigned(environment: str) -> str:
    version = tags.assigned(environment)
    return version.name if version else ""


def _differences(wanted: Wanted, way: str) -> list[str]:
    """Say what is declared and this way does not do."""
    if way != "argo":
        many = wanted.cluster.most_replicas or wanted.cluster.replicas
        told = (
            f"Each of {many} pods rolls out by itself, by its own requests; declare rollout.together, or `--way argo`."
        )
        return [told] if many > 1 and wanted.policy.declared.together is None else []
    said = []
    if any(step.kind == "setMirror" for step in wanted.policy.steps):
        said.append("setMirror is left out: without a traffic router Argo Rollouts mirrors nothing.")
    if queries.left_out(wanted.policy):
        names = ", ".join(queries.left_out(wanted.policy))
        said.append(f"{names}: left out, since Prometheus has no predictions.")
    if wanted.policy.declared.sticky.by != "none":
        said.append("sticky is left out: without a traffic router pods are chosen per connection.")
    return said
