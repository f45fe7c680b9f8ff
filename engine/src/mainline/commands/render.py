"""Write manifests for Kubernetes, or alerts for Prometheus."""

import argparse
import json
from pathlib import Path

import yaml

from mainline import files, usage
from mainline.cluster import alerts, dashboard, manifests, queries
from mainline.cluster.manifests import Wanted
from mainline.declared import environments
from mainline.declared.environments import Environment
from mainline.errors import MainlineError
from mainline.registry import origin, tags
from mainline.repository.git import ask

HEAD = "# Written by `./mainline render`; change deploy/{environment}.yaml instead.\n"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    parser.add_argument(
        "--way",
        choices=("follower", "argo", "prometheus"),
        default="follower",
        help="who rolls out; prometheus: alerts",
    )
    parser.add_argument(
        "--image", default="registry.example.org/mainline:latest", help="the image of the service, best by digest"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("deploy/kubernetes"),
        metavar="FOLDER",
        help="files go to ENVIRONMENT/WAY below it",
    )
    parser.add_argument("--version", default="", help="what argo serves; what git assigns without it")


def run(arguments: argparse.Namespace) -> str:
    """Write the manifests as files that Argo CD or kubectl apply."""
    return render(arguments.environment, arguments.way, arguments.image, arguments.output, arguments.version)


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
    url = ask("remote", "get-url", origin.remote()) or "https://git.example.org/YOU/YOUR-FORK.git"
    wanted = Wanted(environment, image, url, served or "", declared.service, declared.rollout)
    made = manifests.argo(wanted) if way == "argo" else manifests.follower(wanted)
    folder = output / environment / way
    folder.mkdir(parents=True, exist_ok=True)
    for name, manifest in made.items():
        text = yaml.safe_dump(manifest, sort_keys=False, width=120)
        (folder / name).write_text(HEAD.format(environment=environment) + text, encoding="utf-8")
    return "\n".join([f"{folder}: {', '.join(made)}", *_differences(wanted, way)])


def _watched(environment: str, declared: Environment, folder: Path) -> str:
    """Write the rules for Prometheus, and the dashboard for Grafana."""
    instance = manifests.instance_of(environment)
    rules = yaml.safe_dump(alerts.file(environment, instance, declared), sort_keys=False, width=120)
    files.replace(folder / "rules.yml", HEAD.format(environment=environment) + rules)
    board = dashboard.file(environment, instance, declared)
    files.replace(folder / "dashboard.json", json.dumps(board, indent=2) + "\n")
    return f"{folder}: rules.yml, dashboard.json"


def _assigned(environment: str) -> str:
    version = tags.assigned(environment)
    return version.name if version else ""


def _differences(wanted: Wanted, way: str) -> list[str]:
    """Say what the policy declares and Argo Rollouts does not do."""
    if way != "argo":
        return []
    said = []
    if any(step.kind == "setMirror" for step in wanted.policy.steps):
        said.append("setMirror is left out: without a traffic router Argo Rollouts mirrors nothing.")
    if queries.left_out(wanted.policy):
        names = ", ".join(queries.left_out(wanted.policy))
        said.append(f"{names}: left out, since Prometheus has no predictions.")
    if wanted.policy.declared.sticky.by != "none":
        said.append("sticky is left out: without a traffic router pods are chosen per connection.")
    return said
