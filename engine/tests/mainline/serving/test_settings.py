"""The section `service` is read once, checked whole, and says what it means."""

from pathlib import Path

import pytest
import yaml

from mainline.declared.environments import load_server
from mainline.declared.service import Settings
from mainline.errors import ParamsError
from tests.project import FLIGHTS


def test_shipped_settings_are_the_defaults() -> None:
    """The file that ships spells out every key, and what it says is what the code does without it."""
    file = FLIGHTS / "deploy/production.yaml"
    declared = load_server(file).service.model_dump(exclude={"log": {"directory"}})
    assert declared == Settings().model_dump(exclude={"log": {"directory"}})
    section = yaml.safe_load(file.read_text())["service"]
    assert section.keys() == Settings.model_fields.keys()
    for name in ("limits", "throttle", "log", "feed", "budgets"):
        assert section[name].keys() == getattr(Settings(), name).model_dump().keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("service: {prot: 1}", r"service\.prot: is not a known key; did you mean 'port'\?$"),
        ("service: {limits: {row: 1}}", r"service\.limits\.row: is not a known key; did you mean 'rows'\?$"),
        (
            "service: {tls: {certificat: x}}",
            r"service\.tls\.certificat: is not a known key; did you mean 'certificate'\?$",
        ),
        ("service: {port: '80'}", r"service\.port: is '80' \(str\); input should be a valid integer\.$"),
        (
            "service: {limits: {rows: 0}}",
            r"service\.limits\.rows: is 0 \(int\); input should be greater than or equal to",
        ),
        ("service: {log: {sample: 1.5}}", r"service\.log\.sample: is 1\.5 \(float\); .*less than or equal to 1\.$"),
        ("service: {log: {flush_seconds: 2}}", r"flush_seconds: is 2 \(int\); .*less than or equal to 1\.$"),
        ("servce: {}", r"servce: is not a known key; did you mean 'service'\?$"),
        ("service: {}\npromotoin: {}", r"promotoin: is not a known key; did you mean 'promotion'\?$"),
        ("service: 0", r"service: is 0 \(int\); "),
        ("rollout: {}", r"service: is missing; add it"),
        (
            "service: {}\nrollout: {stratgy: canary}",
            r"rollout\.stratgy: is not a known key; did you mean 'strategy'\?$",
        ),
        (
            "[]",
            r"is not a mapping; it holds the sections promotion, .*, cluster, packages, stream, destinations\.$",
        ),
        ("a: [", r"is not YAML \(.*; correct that line\.$"),
    ],
)
def test_mistake_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong is named with its place, what is allowed, and the nearest known key."""
    file = tmp_path / "production.yaml"
    file.write_text(text)
    with pytest.raises(ParamsError, match=message) as error:
        load_server(file)
    assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not there is an error with its name, and with what brings it back if this is a repository."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParamsError, match=r"none\.yaml: cannot be read .*root of the repository"):
        load_server(tmp_path / "none.yaml")
    (tmp_path / ".git").mkdir()
    with pytest.raises(ParamsError, match=r"`git checkout HEAD -- 'de ploy/none\.yaml'` brings back one that was"):
        load_server(Path("de ploy/none.yaml"))


def test_empty_section_means_defaults(tmp_path: Path) -> None:
    """An environment says only what differs."""
    file = tmp_path / "production.yaml"
    file.write_text("service:\n")
    assert load_server(file).service == Settings()


@pytest.mark.parametrize(("workers", "metric", "refused"), [(2, None, True), (1, None, False), (2, "mae", False)])
def test_outcomes_of_clients_need_one_process(tmp_path: Path, workers: int, metric: str | None, refused: bool) -> None:
    """Several workers cannot count what clients send; outcomes that are read from labels do not depend on them."""
    outcome = {"name": "error", "better": "lower", "effect": 0.5, "metric": metric}
    analysis = {"metrics": [], "outcome": outcome}
    steps = [{"setWeight": 10}, {"pause": {"duration": 1}}]
    service = {"workers": workers, "log": {"directory": "logs"}}
    file = tmp_path / "production.yaml"
    file.write_text(
        yaml.safe_dump({"service": service, "rollout": {"strategy": "canary", "steps": steps, "analysis": analysis}})
    )
    if not refused:
        assert load_server(file).service.workers == workers
        return
    with pytest.raises(ParamsError, match=r"service\.workers: is more than 1, but .*; declare 1, or a metric"):
        load_server(file)
