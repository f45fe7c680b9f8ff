"""Runs that a tracking server has, however often and wherever sending them ends."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mainline.errors import MainlineError
from mainline.export import tracking
from mainline.export.runs import COMMIT, VERSION, Run
from mainline.export.tracking import Sent, TrackingError
from tests.mainline.export.tracking_server import Tracking, serve

RUN = Run(
    "model@v1.0.0", 1_000, {f"p{number}": "1" for number in range(150)}, {"test.rmse": 14.5},
    {VERSION: "v1.0.0", COMMIT: "a" * 40, "mainline.environments": "none"},
    f"{'d' * 32}.dir",
)  # fmt: skip
NEXT = replace(RUN, name="model@v1.1.0", tags={**RUN.tags, VERSION: "v1.1.0"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracking]:
    """A stand-in, and none of MLflow's variables."""
    for name in (tracking.TOKEN, tracking.USER, tracking.PASSWORD):
        monkeypatch.delenv(name, raising=False)
    with serve() as found:
        yield found


def send(server: Tracking, *runs: Run) -> Sent:
    """Send runs to an experiment."""
    return tracking.send(tracking.connect(server.url), "delays", runs)


def test_a_run_has_all_of_a_version(server: Tracking) -> None:
    """Parameters in as many requests as they take, metrics, tags, and the moment of the release; it is finished."""
    assert send(server, RUN) == Sent(1, 0, 0)
    (run,) = server.runs
    assert (run["params"], run["metrics"], run["tags"]) == (RUN.params, RUN.metrics, RUN.tags)
    info = run["info"]
    assert (info["run_name"], info["status"], info["start_time"], info["end_time"]) == (
        RUN.name,
        "FINISHED",
        1000,
        1000,
    )


def test_a_run_names_its_data(server: Tracking) -> None:
    """The raw data by DVC's hash, once; of data without a hash there is none."""
    send(server, RUN, replace(NEXT, data=""))
    send(server, RUN)
    (used,) = server.runs[0]["data"]
    assert (used["dataset"]["name"], used["dataset"]["digest"]) == ("data/raw", RUN.data)
    assert json.loads(used["dataset"]["source"]) == {"path": "data/raw", "md5": RUN.data}
    assert server.runs[1]["data"] == []


def test_a_run_without_its_data_gets_it(server: Tracking) -> None:
    """A run of an earlier export is brought up to date."""
    send(server, replace(RUN, data=""))
    assert send(server, RUN) == Sent(0, 1, 0)
    assert len(server.runs[0]["data"]) == 1


def test_a_server_that_knows_no_datasets_has_the_rest(server: Tracking) -> None:
    """Its answer that there is no such place is no failure, and no change each time."""
    server.knows_datasets = False
    assert send(server, RUN) == Sent(1, 0, 0)
    assert send(server, RUN) == Sent(0, 0, 1)
    assert (server.runs[0]["info"]["status"], server.runs[0]["metrics"]) == ("FINISHED", RUN.metrics)


def test_sending_twice_makes_nothing(server: Tracking) -> None:
    """A version that is there is known by its tags; a new one comes beside it."""
    send(server, RUN)
    assert send(server, RUN, NEXT) == Sent(1, 0, 1)
    assert send(server, RUN, NEXT) == Sent(0, 0, 2)
    assert [run["info"]["run_name"] for run in server.runs] == [RUN.name, NEXT.name]


def test_another_history_with_the_same_version_is_another_run(server: Tracking) -> None:
    """Two forks may send v1.0.0 to one experiment: they are told apart by the commit."""
    other = replace(RUN, tags={**RUN.tags, COMMIT: "b" * 40})
    assert send(server, RUN, other) == Sent(2, 0, 0)


def test_tags_that_changed_are_brought_up_to_date(server: Tracking) -> None:
    """An assignment shows in the run that is there, and nothing else is sent of it."""
    send(server, RUN)
    server.asked.clear()
    assigned = replace(RUN, tags={**RUN.tags, "mainline.environments": "production"})
    assert send(server, assigned) == Sent(0, 1, 0)
    assert server.runs[0]["tags"] == assigned.tags
    assert server.asked.count("runs/log-batch") == 1


@pytest.mark.parametrize("request_", range(1, 10))
def test_wherever_it_ends_the_next_time_completes_it(server: Tracking, request_: int) -> None:
    """A server that fails at any request leaves no second run and no half of one."""
    server.fail_at = request_
    with pytest.raises(TrackingError, match="answered 500"):
        send(server, RUN)
    send(server, RUN)
    (run,) = server.runs
    assert (run["params"], run["metrics"], run["tags"]) == (RUN.params, RUN.metrics, RUN.tags)
    assert run["info"]["status"] == "FINISHED"


def test_a_deleted_run_stays_deleted(server: Tracking) -> None:
    """What a person took away does not come back."""
    send(server, RUN)
    server.runs[0]["info"]["lifecycle_stage"] = "deleted"
    assert send(server, replace(RUN, tags={**RUN.tags, "mainline.environments": "x"})) == Sent(0, 0, 1)


def test_a_deleted_experiment_is_not_written_to(server: Tracking) -> None:
    """The message names the two ways out."""
    send(server, RUN)
    server.deleted = True
    with pytest.raises(TrackingError, match=r"delays: this experiment was deleted; restore it, or .*--experiment"):
        send(server, NEXT)


@pytest.mark.parametrize(
    ("variables", "sent"),
    [
        ({}, None),
        ({tracking.TOKEN: "t"}, "Bearer t"),
        ({tracking.USER: "me", tracking.PASSWORD: "p"}, "Basic bWU6cA=="),
    ],
)
def test_credentials_are_those_of_mlflow(
    server: Tracking, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sent: str | None
) -> None:
    """The variables that MLflow's own client reads."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    send(server, RUN)
    assert server.authorization == {sent}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, b"no"), "it answered 401; set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and"),
        ((302, b""), "it answered 302"),
        ((200, b"<html>"), "does not answer as an MLflow server does"),
        ((200, b"[]"), "does not answer as an MLflow server does"),
        ((200, b"{}"), "does not answer as an MLflow server does"),
        ((400, b'{"error_code": "BAD", "message": "a\\nb"}'), "it answered 400 a b"),
    ],
)
def test_another_server_is_told_in_a_line(server: Tracking, answer: tuple[int, bytes], said: str) -> None:
    """Refused, sent elsewhere, or not MLflow at all."""
    server.answer = answer
    with pytest.raises(TrackingError) as told:
        send(server, RUN)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_credentials_go_nowhere_else(server: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends the request on to another one is not followed."""
    monkeypatch.setenv(tracking.TOKEN, "t")
    with serve() as other:
        server.answer, server.location = (302, b""), other.url
        with pytest.raises(TrackingError, match="it answered 302"):
            send(server, RUN)
        assert other.asked == []


def test_no_server_is_told_in_a_line() -> None:
    """Nobody listens at the address."""
    with serve() as gone:
        pass
    with pytest.raises(TrackingError, match=r"no answer from http://127.0.0.1:\d+ .*refused"):
        send(gone, RUN)


@pytest.mark.parametrize(
    "address", ["mlruns", "file:///x", "http://", "http://[", "sqlite:///mlflow.db", "http://a?b=c"]
)
def test_what_is_not_an_address_is_refused(address: str) -> None:
    """The message shows one, and how to have runs in files."""
    with pytest.raises(MainlineError, match=r"is not the address of an MLflow server.*mlflow server --backend-store"):
        tracking.connect(address)


def test_a_password_does_not_belong_into_the_address() -> None:
    """It would stand in the shell's history; the message does not repeat it."""
    with pytest.raises(MainlineError, match="holds credentials") as told:
        tracking.connect("https://me:secret@tracking.example.org")
    assert "secret" not in str(told.value)
