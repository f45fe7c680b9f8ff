"""`./mainline monitor`, as a person or a workflow runs it: its sentence, its report and its exit status."""

import json
import signal
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.commands.monitor import show
from mainline.exchange import report as reports
from mainline.gate import findings as gate
from mainline.model import metrics
from mainline.monitoring import packages, verdict, wording
from mainline.monitoring.packages import Packaged
from mainline.monitoring.result import Alarm, Changed, Mark, Monitored
from tests.mainline.monitoring import looks
from tests.mainline.monitoring import month as months
from tests.mainline.monitoring.month import Month
from tests.project import LIMIT, Project
from tests.receiver import receiving


@pytest.fixture(scope="module")
def month(small_project: Project) -> Month:
    """The test month of the flights."""
    (packaged,) = packages.find([small_project.path / "models/package"]).values()
    return months.read(packaged, small_project.path)


def monitor(project: Project, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a log in a folder; the project is only read."""
    places = ("--logs", str(folder / "log"), "--store", str(folder / "store"), *options)
    return project.run("python", "-m", "mainline", "monitor", *places, succeed=None)


def test_good_month_is_quiet(small_project: Project, month: Month, tmp_path: Path) -> None:
    """With the labels of its own feed the test month is as it was tested: status 0, and a report in three forms."""
    months.write_log(month, tmp_path / "log")
    found = monitor(small_project, tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    last = found.stdout.splitlines()[-1]
    assert last.startswith("Production is as it was tested")
    report = tmp_path / "store/report"
    document = Monitored.model_validate_json((report / "monitoring.json").read_bytes())
    (version,) = document.versions
    assert (document.rows, version.rows, version.version) == (len(month.label), len(month.label), "v1.0.0")
    by_name = {check.name: check.verdict for check in version.checks}
    assert {by_name[name] for name in ("missing values", "labels", "skill", "bias", "bias by segment")} == {"pass"}
    assert isinstance(version.checks[0], gate.Check)
    (promised,) = document.promises
    assert promised.came == pytest.approx(promised.promised, rel=0.01)
    assert {"estimate before labels", "holdout against production"} <= {track.check for track in version.tracks}
    assert "What the gate promised, and what came true" in (report / "monitoring.md").read_text()
    for suffix in ("md", "html"):
        text = (report / f"monitoring.{suffix}").read_text()
        assert "Production is as it was tested" in text
        assert version.days[-1].day in text


def test_fault_is_an_alarm(small_project: Project, month: Month, tmp_path: Path) -> None:
    """A client that sends hours for minutes: status 1, and one line with check, column, share and limit."""
    months.write_log(month.change(dep_delay=lambda values: values / 60), tmp_path / "log")
    found = monitor(small_project, tmp_path)
    assert found.returncode == 1
    (line,) = found.stderr.splitlines()
    assert line.startswith(
        "mainline: Alarm in production: v1.0.0 is sent fractions of what was whole in training (whole numbers: "
    )
    assert "dep_delay: " in line
    assert "the limit is 0.10%" in line
    report = tmp_path / "store/report"
    (version,) = Monitored.model_validate_json((report / "monitoring.json").read_bytes()).versions
    drawn, limit = next(track.plot for track in version.tracks if track.check == "whole numbers").series
    assert (drawn.name, len(drawn.points), drawn.points[-1].x) == ("dep_delay", len(version.days), 0.0)
    assert (limit.name, limit.points[-1].y) == ("at most", 0.001)
    assert "The last weeks" in (report / "monitoring.html").read_text()
    shown = reports.read(report / "monitoring.html")
    assert shown is not None
    assert (shown.summary["verdict"], shown.summary["until"]) == ("fail", _document(report).until)
    assert [alarm["check"] for alarm in shown.summary["alarms"]] == [alarm.check for alarm in _document(report).alarms]
    lines = [json.loads(line) for file in (tmp_path / "log").iterdir() for line in file.read_text().splitlines()[:50]]
    assert not [text for line in lines for text in (line["request_id"], line["key"]) if text.encode() in shown.page]


def test_what_is_printed_fits_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Checks, changes of production and open alarms are broken at blanks, sixty columns wide."""
    monkeypatch.setenv("COLUMNS", "60")
    changes = [Changed(kind="libraries", what="lightgbm 4.5.0 -> 4.6.0, numpy 2.1.0 -> 2.2.1, pandas 2.2.2 -> 2.2.3")]
    version = looks.version(unseen_values="fail")
    mark = Mark(day="2013-10-03", version="v1.0.0", digest=version.digest, before="v0.9.0", changes=changes)
    alarm = Alarm(version="v1.0.0-candidate.of.a.long.name", digest=version.digest, check="holdout against production",
                  opened="2013-10-05T12:00:00Z", observed="", limit="", reason="")  # fmt: skip
    show(looks.look("2013-10-07", version).model_copy(update={"marks": [mark], "alarms": [alarm]}))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    said = " ".join(" ".join(lines).split())
    assert f"v1.0.0 after v0.9.0: libraries: {changes[0].what}" in said
    assert "production, open since 2013-10-05" in said


def test_labels_that_are_not_there_yet_cannot_tell(small_project: Project, month: Month, tmp_path: Path) -> None:
    """Looked at while the month was young, no label is due: status 2, and the line says why."""
    months.write_log(month, tmp_path / "log")
    found = monitor(small_project, tmp_path, "--until", "2013-03-01T12:00:00Z")
    assert found.returncode == 2
    assert "Nobody can tell whether production is as it was tested, v1.0.0: labels" in found.stderr
    assert "No event is old enough to have a label, which is due 1.5 days after its day." in found.stderr


def test_look_that_cannot_be_shared_says_so(small_project: Project, month: Month, tmp_path: Path) -> None:
    """With git's server away the checks are printed and the report is there; the status is not that of a good look."""
    server = small_project.twin(tmp_path / "server/project")
    server.run("git", "remote", "add", "origin", str(tmp_path / "nowhere.git"))
    months.write_log(month, tmp_path / "log")
    found = monitor(server, tmp_path, "--share")
    assert found.returncode == 2
    assert "Production is as it was tested" in found.stderr
    assert "It is not shared: `git ls-remote` says: " in found.stderr
    assert "missing values" in found.stdout
    assert (tmp_path / "store/report/monitoring.html").is_file()


def test_machine_without_a_log_comes_to_the_same_verdict(small_project: Project, month: Month, tmp_path: Path) -> None:
    """What a server shares is enough for a workflow: the same checks, rows joined with labels, and one open alarm."""
    server, workflow = (small_project.twin(tmp_path / name / "project") for name in ("server", "workflow"))
    server.run("git", "init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    for machine in (server, workflow):
        machine.run("git", "remote", "add", "origin", str(tmp_path / "origin.git"))
        machine.run("dvc", "remote", "add", "--quiet", "--force", "--default", "storage", str(tmp_path / "storage"))
    months.write_log(month.change(dep_delay=lambda values: values / 60), tmp_path / "log")
    # Looked at in its own time: of a log of 2013 the branch would keep nothing today.
    command = ("python", "-m", "mainline", "monitor", "--share", "--until", "2013-04-02T00:00:00Z")
    given = server.run(*command, "--logs", str(tmp_path / "log"), succeed=None)
    taken = workflow.run(*command, succeed=None)
    assert (given.returncode, taken.returncode) == (1, 1), taken.stderr
    assert taken.stderr.splitlines()[-1] == given.stderr.splitlines()[-1]
    report = ".mainline/production/monitoring/report/monitoring.json"
    one, other = (Monitored.model_validate_json((machine.path / report).read_bytes()) for machine in (server, workflow))
    assert one.versions == other.versions
    assert {check.name: check.verdict for check in other.versions[0].checks}["labels"] == "pass"
    assert [alarm.check for alarm in other.alarms] == [alarm.check for alarm in one.alarms]
    assert "v1.0.0: whole numbers, open since " in taken.stdout
    assert "Open alarms" in (workflow.path / report).with_suffix(".md").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--until", "soon"), r"--until is 'soon'; write a time in UTC"),
        (
            ("--until", "2199-01-01T00:00:00Z"),
            "--until is '2199-01-01T00:00:00Z', which is still to come. Leave",
        ),
        (("--labels", "nowhere.csv"), "there are no labels; name a .csv or .parquet file"),
        (("--environment", "moon"), "deploy/moon.yaml: cannot be read"),
        (("--logs", "nowhere"), "there is no prediction log in nowhere"),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(
    small_project: Project, month: Month, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    """A wrong option is never an alarm: status 2, one line, no report."""
    months.write_log(month, tmp_path / "log")
    found = monitor(small_project, tmp_path, *options)
    assert (found.returncode, len(found.stderr.splitlines())) == (2, 1), found.stderr
    assert said in found.stderr
    assert not (tmp_path / "store/report").exists()


def test_other_use_case_is_monitored(other_project: Project, tmp_path: Path) -> None:
    """A classification without labels of its own is rolled up and checked, and the report says what to write."""
    (packaged,) = packages.find([other_project.path / "models/package"]).values()
    months.write_log(_other(packaged, other_project), tmp_path / "log")
    found = monitor(other_project, tmp_path)
    assert found.returncode == 2, found.stderr
    document = json.loads((tmp_path / "store/report/monitoring.json").read_bytes())
    by_name = {check["name"]: check for check in document["versions"][0]["checks"]}
    assert document["rows"] > 0
    never = "If no label ever comes, declare `monitoring.severity: {labels: report, quality: report}`."
    assert by_name["labels"]["reason"].endswith(f"write it, or name a file (--labels). {never}")


def test_three_classes_are_monitored(flower_project: Project, tmp_path: Path) -> None:
    """Probabilities are rolled up, joined with labels by name, and measured by the log loss; classes are counted."""
    (packaged,) = packages.find([flower_project.path / "models/package"]).values()
    flowers = _other(packaged, flower_project)
    months.write_log(flowers, tmp_path / "log")
    times = flowers.request["measured_at"].astype("datetime64[m]")
    labels = pd.DataFrame({
        "measured_at": pd.DatetimeIndex(times).tz_localize("UTC"), "flower": flowers.request["flower"],
        "species": np.array(packaged.classes)[flowers.label.astype(int)],
        "known_at": pd.DatetimeIndex(times + np.timedelta64(60, "m")).tz_localize("UTC"),
    })  # fmt: skip
    labels.to_parquet(tmp_path / "labels.parquet")
    found = monitor(flower_project, tmp_path, "--labels", str(tmp_path / "labels.parquet"))
    document = Monitored.model_validate_json((tmp_path / "store/report/monitoring.json").read_bytes())
    (version,) = document.versions
    assert (document.rows, version.metric) == (len(flowers.label), "log_loss"), found.stderr
    assert {check.name: check.verdict for check in version.checks}["labels"] == "pass"
    loss = metrics.scorer("multiclass", names=packaged.classes).primary.value(flowers.label, flowers.predict())
    mean = np.average([day.metric for day in version.days], weights=[day.labelled for day in version.days])
    assert mean == pytest.approx(loss)
    counted: Counter[str] = Counter()
    for path in (tmp_path / "store/sketches").rglob("*.json"):
        counted.update(json.loads(path.read_bytes())["predicted"]["counts"])
    said = Counter(packaged.classes[code] for code in flowers.predict().argmax(axis=1))
    assert counted == said


def test_classes_are_held_to_what_they_were(flower_project: Project) -> None:
    """A good month passes skill and bias; probabilities that belong to other flowers fail the skill."""
    (packaged,) = packages.find([flower_project.path / "models/package"]).values()
    flowers = _other(packaged, flower_project)
    policy: dict[str, Any] = {"quality": {"min_rows": 20, "min_days": 2, "bias": 0.5}, "labels": {"complete": 0.5}}
    scorer = metrics.scorer("multiclass", names=packaged.classes)
    good = replace(flowers.production(**policy), scorer=scorer)
    by_name = {check.name: check for check in verdict.of_version(good)}
    assert by_name["skill"].verdict == by_name["bias"].verdict == "pass"
    last = np.isin(flowers.moment // 1440, np.unique(flowers.moment // 1440)[-7:])
    shares = (flowers.predict() - np.eye(3)[flowers.label.astype(int)])[last]
    biases = dict(zip(packaged.classes, shares.mean(axis=0), strict=True))
    name = max(biases, key=lambda one: abs(biases[one]))
    assert by_name["bias"].observed.startswith(f"{name}: {biases[name]:+.3g} (")
    wrong = replace(flowers, label=(flowers.label + 1) % 3)
    broken = {check.name: check for check in verdict.of_version(replace(wrong.production(**policy), scorer=scorer))}
    assert broken["skill"].verdict == "fail"


def _other(packaged: Packaged, project: Project) -> Month:
    return months.read(packaged, project.path)


def _document(report: Path) -> Monitored:
    return Monitored.model_validate_json((report / "monitoring.json").read_bytes())


def test_watch_looks_when_the_log_comes_and_ends_when_told(
    small_project: Project, month: Month, tmp_path: Path
) -> None:
    """Through a pipe each look is a line: of an empty log, then of an alarm; SIGTERM ends it with status 0."""
    project = small_project.twin(tmp_path / "project")
    deploy = project.path / "deploy/production.yaml"
    deploy.write_text(deploy.read_text().replace("pause: 1m", "pause: 0s"))
    (tmp_path / "log").mkdir()
    command = ("python", "-m", "mainline", "monitor", "--watch", "--logs", str(tmp_path / "log"))
    with subprocess.Popen(
        command,
        cwd=project.path,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as watching:
        try:
            assert watching.stdout is not None
            assert "  cannot tell  Nobody can tell: no prediction is rolled up." in watching.stdout.readline()
            months.write_log(month.change(dep_delay=lambda values: values / 60), tmp_path / "log")
            line = watching.stdout.readline()
            while "  alarm  " not in line:  # a look at the half-written log comes to something else
                assert line, "it ended"
                line = watching.stdout.readline()
            assert (
                "Alarm in production: v1.0.0 is sent fractions of what was whole in training (whole numbers: " in line
            )
            watching.send_signal(signal.SIGTERM)
            assert watching.stdout.read().splitlines()[-1].startswith("Stopped after ")
            assert watching.wait(LIMIT) == 0
        finally:
            watching.kill()


def test_alarm_is_told_once_though_the_receiver_was_away(small_project: Project, month: Month, tmp_path: Path) -> None:
    """The command sends each alarm to the declared address, again after a failure; no key or request id is in it."""
    project = small_project.twin(tmp_path / "project")
    deploy = project.path / "deploy/production.yaml"
    deploy.write_text(deploy.read_text().replace("  notify: []", "  notify: [{form: slack, url_from: HOOK}]"))
    months.write_log(month.change(dep_delay=lambda values: values / 60), tmp_path / "log")
    command = (
        "python",
        "-m",
        "mainline",
        "monitor",
        "--logs",
        str(tmp_path / "log"),
        "--store",
        str(tmp_path / "store"),
    )
    with receiving() as receiver:
        receiver.answers = [500]
        looks = [project.run(*command, succeed=None, HOOK=receiver.url) for _ in range(3)]
    assert [one.returncode for one in looks] == [1, 1, 1]
    assert "Not told to slack (HOOK): it answered 500." in looks[0].stderr
    alarms = _document(tmp_path / "store/report").alarms
    assert len(receiver.taken) == len(alarms)
    for alarm in alarms:
        said = f"Alarm in production: v1.0.0 {wording.plain(alarm.check)} ({alarm.check})"
        assert any(said in message["text"] for message in receiver.taken)
    line = json.loads(next((tmp_path / "log").iterdir()).read_text().splitlines()[0])
    assert not [m for m in receiver.taken if line["request_id"] in m["text"] or "SECRET" in m["text"]]
