"""Manifests for clusters: valid by the published schemas, and saying what the policy says."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mainline.cluster import jobs, manifests
from mainline.cluster.jobs import Jobs
from mainline.cluster.target import Wanted
from mainline.commands import render
from mainline.declared import environments
from mainline.declared.cluster import Cluster
from mainline.declared.package_places import Packages
from mainline.declared.reading import check_section
from mainline.declared.rollout import read
from mainline.declared.service import Grpc
from mainline.errors import MainlineError, ParamsError
from mainline.rollout.together import naming
from mainline.serving.answering.metrics import BUCKETS, Histogram, Page
from tests.project import FLIGHTS, ROOT

SCHEMAS = json.loads(Path(__file__).with_name("schemas.json").read_text(encoding="utf-8"))


def wanted(environment: str = "production", **rollout: Any) -> Wanted:
    """What ships, or another rollout."""
    declared = environments.load(FLIGHTS / "deploy" / f"{environment}.yaml")
    url = "https://git.example.org/a/b.git"
    image = "registry.example.org/mainline@sha256:" + "a" * 64
    return Wanted(environment, image, url, "v1.2.0", declared.service, read(rollout) if rollout else declared.rollout)


def scaled() -> Wanted:
    """Pods by load, with two workers each, whose log is shipped."""
    made = wanted()
    log = made.settings.log.model_copy(update={"ship_seconds": 600.0})
    settings = made.settings.model_copy(update={"workers": 2, "log": log})
    cluster = Cluster(replicas=2, most_replicas=10, cpu=0.5, queued_rows=500)
    packages = Packages(cache=Path("/var/cache/mainline"))
    return replace(made, settings=settings, cluster=cluster, packages=packages, package_mib=1200)


def everything() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every manifest that ships, and of other strategies, with its name."""
    approval: dict[str, Any] = {
        "strategy": "canary",
        "steps": [{"setWeight": 10}, {"approval": {}}, {"pause": {"duration": "1h"}}],
    }
    metric = {"metrics": [{"name": "error-rate", "limit": 0.1}]}
    for name, one in (
        ("production", wanted()),
        ("staging", wanted("staging")),
        ("scaled", scaled()),
        ("approval", wanted(**approval)),
        ("blue-green", wanted(strategy="blue-green", analysis=metric)),
    ):
        for way in (manifests.follower, manifests.argo):
            for file, manifest in way(one).items():
                yield f"{name}-{way.__name__}-{file}", manifest
    for file, manifest in jobs.pipeline(Jobs("https://git.example.org/a/b.git", jobs.IMAGE, True, True)).items():
        yield f"pipeline-{file}", manifest


@pytest.mark.parametrize("manifest", [pytest.param(one, id=name) for name, one in everything()])
def test_every_manifest_fits_its_kind(manifest: dict[str, Any]) -> None:
    """Names, types and required fields are those of the published schemas; a field that they do not have is refused."""
    jsonschema.validate(manifest, SCHEMAS[manifest["kind"]], jsonschema.Draft202012Validator)
    broken = json.loads(json.dumps(manifest))
    broken["spec"]["replica"] = 1
    with pytest.raises(jsonschema.ValidationError, match="'replica' was unexpected"):
        jsonschema.validate(broken, SCHEMAS[manifest["kind"]], jsonschema.Draft202012Validator)


def test_steps_are_those_of_the_policy() -> None:
    """Weights and pauses stand in the Rollout in the same order, each ended by analysis; mirroring is left out."""
    canary = manifests.argo(wanted())["rollout.yaml"]["spec"]["strategy"]["canary"]
    args = [{"name": "version", "value": "v1.2.0"}]
    analysis = {"analysis": {"templates": [{"templateName": "mainline-production-step"}], "args": args}}
    assert canary["steps"] == [
        {"pause": {"duration": "300s"}}, {"setWeight": 10}, {"pause": {"duration": "600s"}}, analysis,
        {"setWeight": 50}, {"pause": {"duration": "600s"}}, analysis,
    ]  # fmt: skip
    assert canary["analysis"]["templates"] == [{"templateName": "mainline-production-watch"}]
    assert manifests.argo(wanted())["rollout.yaml"]["spec"]["rollbackWindow"] == {"revisions": 3}


def test_analysis_never_ends_a_step_for_want_of_traffic() -> None:
    """A step ends with the declared number of passed measurements in a row; the watch has no end but failures."""
    made = manifests.argo(wanted())
    step, watch = (made[f"analysis-{part}.yaml"]["spec"]["metrics"] for part in ("step", "watch"))
    assert [metric["name"] for metric in step] == ["error-rate", "invalid-outputs", "latency"]
    for deciding, watching in zip(step, watch, strict=True):
        assert deciding == {**watching, "consecutiveSuccessLimit": 3}
        assert "count" not in watching
        assert watching["failureLimit"] == 1
        assert watching["inconclusiveLimit"] == 2**31 - 1


@pytest.mark.parametrize("bound", BUCKETS)
def test_latency_names_a_bound_as_the_service_writes_it(bound: float) -> None:
    """Prometheus compares bounds as text: 1.0 is not 1."""
    metric = {"name": "latency", "limit": 0.1, "threshold": bound}
    made = manifests.argo(wanted(strategy="canary", steps=[{"setWeight": 10}], analysis={"metrics": [metric]}))
    query = made["analysis-watch.yaml"]["spec"]["metrics"][0]["provider"]["prometheus"]["query"]
    page = Page()
    page.add_histogram("a_seconds", "An a.", [({}, Histogram())])
    asked = re.findall(r'le="([^"]+)"', query)
    assert len(asked) == 2
    assert set(asked) <= set(re.findall(r'le="([^"]+)"', page.render().decode()))


def test_pods_are_confined_and_probed() -> None:
    """No root, no writable root, no capability, no token; ready only with a model; limits are set."""
    for manifest in (manifests.follower(wanted())["deployment.yaml"], manifests.argo(wanted())["rollout.yaml"]):
        pod = manifest["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["resources"]["limits"].keys() >= {"cpu", "memory"}
        assert pod["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/readyz"


def volumes(pod: dict[str, Any]) -> dict[str, int]:
    """Return the most MiB that each volume of a pod may have."""
    found = {volume["name"]: volume.get("emptyDir", {}).get("sizeLimit", "") for volume in pod["volumes"]}
    return {name: int(size.removesuffix("Mi")) for name, size in found.items() if size}


def test_log_cannot_evict_its_pod() -> None:
    """Every volume has a limit, the log's holds what is declared to be kept, and the pod asks for the sum."""
    pod = manifests.follower(wanted())["deployment.yaml"]["spec"]["template"]["spec"]
    rooms, asked = volumes(pod), pod["containers"][0]["resources"]
    assert rooms.keys() == {volume["name"] for volume in pod["volumes"] if "emptyDir" in volume}
    assert rooms["logs"] * 2**20 >= 2**33 + 2 * 2**26
    assert int(asked["requests"]["ephemeral-storage"].removesuffix("Mi")) > sum(rooms.values())
    assert asked["requests"]["ephemeral-storage"] == asked["limits"]["ephemeral-storage"]


def test_requests_follow_workers_and_the_package() -> None:
    """Two workers ask for two models and their cores; what fetches a package of 1.2 GB has the memory for it."""
    small, large = (manifests.argo(one)["rollout.yaml"]["spec"]["template"]["spec"] for one in (wanted(), scaled()))
    memory = [int(pod["containers"][0]["resources"]["requests"]["memory"].removesuffix("Mi")) for pod in (small, large)]
    assert memory == [512 + 250, 512 + 2 * 250]
    assert [pod["containers"][0]["resources"]["requests"]["cpu"] for pod in (small, large)] == ["1", "1"]
    fetching = [
        int(pod["initContainers"][0]["resources"]["limits"]["memory"].removesuffix("Mi")) for pod in (small, large)
    ]
    assert fetching == [1024 + 2, 1024 + 2400]
    assert volumes(large)["model"] > 1200


@pytest.mark.parametrize("way", [manifests.follower, manifests.argo])
def test_pods_are_added_by_load(way: Callable[[Wanted], dict[str, Any]]) -> None:
    """An autoscaler names the object, which then says no number; without one there is the declared number."""
    made = way(scaled())
    (named,) = (made[file] for file in ("deployment.yaml", "rollout.yaml") if file in made)
    spec = made["autoscaler.yaml"]["spec"]
    assert spec["scaleTargetRef"] == {
        "apiVersion": named["apiVersion"], "kind": named["kind"], "name": named["metadata"]["name"],
    }  # fmt: skip
    assert "replicas" not in named["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 10)
    assert [metric["type"] for metric in spec["metrics"]] == ["Resource", "Pods"]
    assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 65
    fixed = way(wanted())
    assert "autoscaler.yaml" not in fixed
    assert {
        made["spec"]["replicas"] for name, made in fixed.items() if name in ("deployment.yaml", "rollout.yaml")
    } == {2}


@pytest.mark.parametrize("way", [manifests.follower, manifests.argo])
def test_what_stands_around_pods_finds_them(way: Callable[[Wanted], dict[str, Any]]) -> None:
    """Budget, policy and spread select the pods by the labels that they have; the policy opens the service's port."""
    made = way(wanted())
    (pod,) = (made[file]["spec"]["template"] for file in ("deployment.yaml", "rollout.yaml") if file in made)
    labels = pod["metadata"]["labels"]
    assert made["disruption.yaml"]["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    policy = made["network.yaml"]["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    (port,) = policy["ingress"][0]["ports"]
    assert port["port"] in {one["name"] for one in pod["spec"]["containers"][0]["ports"]}
    spread = pod["spec"]["topologySpreadConstraints"]
    assert [one["labelSelector"]["matchLabels"] for one in spread] == [labels, labels]
    assert {one["topologyKey"] for one in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


@pytest.mark.parametrize("way", [manifests.follower, manifests.argo])
def test_port_of_grpc_is_open_where_it_is_declared(way: Callable[[Wanted], dict[str, Any]]) -> None:
    """Pod, service and policy have the port of gRPC if it is declared, and that of HTTP alone if it is not."""
    spoken = replace(wanted(), settings=wanted().settings.model_copy(update={"grpc": Grpc(port=9001)}))
    for target, names in ((wanted(), ["http"]), (spoken, ["http", "grpc"])):
        made = way(target)
        (pod,) = (made[file]["spec"]["template"] for file in ("deployment.yaml", "rollout.yaml") if file in made)
        ports = {one["name"]: one["containerPort"] for one in pod["spec"]["containers"][0]["ports"]}
        assert [*ports] == [one["port"] for one in made["network.yaml"]["spec"]["ingress"][0]["ports"]] == names
        services = [one["spec"]["ports"] for one in made.values() if one.get("kind") == "Service"]
        assert [[port["targetPort"] for port in one] for one in services] == [names] * len(services)
        assert ports.get("grpc", 9001) == services[0][-1]["port"] or names == ["http"]


def test_log_is_shipped_by_a_container_that_ends_last() -> None:
    """A sidecar that Kubernetes ends after the service reads the log's own volume, and has time for the last files."""
    pods = [manifests.follower(one)["deployment.yaml"]["spec"]["template"]["spec"] for one in (scaled(), wanted())]
    shipped, usual = pods
    (sidecar,) = shipped["initContainers"]
    assert sidecar["restartPolicy"] == "Always"
    assert "mainline ship --watch --environment production" in sidecar["command"][-1]
    assert {"name": "LOGS", "value": "/logs/predictions"} in sidecar["env"]
    assert "/logs" in [mount["mountPath"] for mount in sidecar["volumeMounts"]]
    assert "ship" in volumes(shipped)
    assert "initContainers" not in usual
    seconds = [pod["terminationGracePeriodSeconds"] for pod in pods]
    assert seconds[0] - seconds[1] == 30


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"replicas": 3, "most_replicas": 3}, "declare most_replicas above replicas"),
        ({"queued_rows": 5}, "queued_rows adds pods, so declare most_replicas, too"),
        ({"cpu": 0}, r"cluster\.cpu: is 0"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(section: dict[str, Any], said: str) -> None:
    """One line says what to declare."""
    with pytest.raises(ParamsError, match=said):
        check_section(Cluster, section, "cluster", "deploy/production.yaml")


def test_prediction_log_that_ships_can_be_written_on_a_read_only_root() -> None:
    """Its folder, seen from the root, is below a mounted one: in pods, in the compose file and in the image."""
    shipped = yaml.safe_load((FLIGHTS / "deploy/production.yaml").read_text())["service"]["log"]["directory"]
    folder = Path("/") / shipped
    container = manifests.follower(wanted())["deployment.yaml"]["spec"]["template"]["spec"]["containers"][0]
    compose = yaml.safe_load((ROOT / "engine/container/compose.yaml").read_text())["services"]["mainline"]
    (volumes,) = re.findall(r"^VOLUME (.+)$", (ROOT / "engine/container/Containerfile").read_text(), re.MULTILINE)
    assert folder.is_relative_to("/logs")
    assert "/logs" in [mount["mountPath"] for mount in container["volumeMounts"]]
    assert "/logs" in [volume.split(":")[1] for volume in compose["volumes"]]
    assert "/logs" in json.loads(volumes)


def test_strategy_without_a_counterpart_is_refused() -> None:
    """Shadow and A/B tests need a traffic router; the follower's way has them."""
    with pytest.raises(MainlineError, match="is shadow, which Argo Rollouts has no counterpart of"):
        manifests.argo(wanted(strategy="shadow"))
    assert manifests.follower(wanted(strategy="shadow"))


def test_render_writes_files_and_says_what_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file each, and a line for what the policy declares and Argo Rollouts does not do."""
    monkeypatch.chdir(FLIGHTS)
    said = render.render("production", "argo", "image@sha256:0", tmp_path, "v1.2.0")
    assert "setMirror is left out" in said
    assert "prediction-drift: left out" in said
    files = sorted(path.name for path in (tmp_path / "production" / "argo").iterdir())
    assert files == [
        "analysis-step.yaml", "analysis-watch.yaml", "application.yaml", "disruption.yaml", "network.yaml",
        "rollout.yaml", "service-canary.yaml", "service.yaml",
    ]  # fmt: skip
    rollout = yaml.safe_load((tmp_path / "production/argo/rollout.yaml").read_text())
    assert rollout["spec"]["template"]["spec"]["containers"][0]["image"] == "image@sha256:0"


def test_pods_of_a_node_share_the_declared_cache() -> None:
    """The folder of the node is at the same path in the container; pods that do not follow git have none."""
    pod = manifests.follower(scaled())["deployment.yaml"]["spec"]["template"]["spec"]
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "packages"]
    assert volume["hostPath"] == {"path": "/var/cache/mainline", "type": "Directory"}
    assert {"name": "packages", "mountPath": "/var/cache/mainline"} in pod["containers"][0]["volumeMounts"]
    for made in (manifests.follower(wanted())["deployment.yaml"], manifests.argo(scaled())["rollout.yaml"]):
        assert "packages" not in {volume["name"] for volume in made["spec"]["template"]["spec"]["volumes"]}


def test_pod_that_follows_has_a_stable_name_among_servers() -> None:
    """Servers that roll out together are called as their pods."""
    container = manifests.follower(wanted())["deployment.yaml"]["spec"]["template"]["spec"]["containers"][0]
    named = next(one for one in container["env"] if one["name"] == naming.NAME)
    assert named["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
