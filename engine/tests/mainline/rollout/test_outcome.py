"""What outcomes decide: each branch of the verdict, its sentence, and what the rollout makes of it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainline.__main__ import main
from mainline.declared import rollout
from mainline.declared.rollout import Outcome, Policy
from mainline.exchange import outcomes, server_report
from mainline.exchange.outcomes import Outcomes
from mainline.exchange.place import Place
from mainline.exchange.status import Status
from mainline.rollout import outcome, status
from mainline.rollout.driver import Driver
from mainline.rollout.measurement import due
from mainline.rollout.records import Measurement
from mainline.rollout.source import Found
from mainline.serving.answering.experiment import Experiment, Unit
from mainline.serving.endpoints import rollout_page
from tests.mainline.rollout.test_driver import FEW, Times, documents
from tests.mainline.rollout.worlds import FAIL, PASS, UNSURE, World, ref

COST = {"name": "cost", "unit": "minutes", "better": "lower", "effect": 0.3, "minimum": 100, "deadline": "1h"}
AB: list[dict[str, Any]] = [{"setWeight": 50}, {"pause": {"duration": 30}}, {"approval": {}}]
HERE = Place(Path("here"))


def policy(*steps: dict[str, Any], metrics: list[dict[str, Any]] | None = None, **declared: Any) -> Policy:
    """An A/B test by an outcome; without other metrics unless they are given."""
    analysis = {"interval": 10.0, "minimumSamples": 1, "metrics": metrics or [], "outcome": {**COST, **declared}}
    return rollout.read({"strategy": "ab", "steps": [*steps] or AB, "sticky": {"by": "key"}, "analysis": analysis})


def declared(**more: Any) -> Outcome:
    """The outcome of such a policy."""
    found = policy(**more).declared.analysis.outcome
    assert found is not None
    return found


def counted(difference: float, each: int = 2000, name: str = "x") -> Outcomes:
    """What the server says of version 2, whose values are larger than those of version 1 by a difference."""
    random, experiment = np.random.default_rng(1), Experiment(name, ["v1.2.0", "v1.1.0"])
    noise = random.normal(0, 1, each)
    for number, value in enumerate(noise - noise.mean()):
        for version, mean in (("v1.2.0", 5 + difference), ("v1.1.0", 5.0)):
            experiment.count(f"{number}-{version}", float(mean + value), Unit(version, ""))
    experiment.left_out["late"] = 3
    return experiment.document()


@pytest.mark.parametrize(
    ("more", "difference", "verdict"),
    [
        ({}, 0.0, "pass"),
        ({}, 0.29, "inconclusive"),
        ({}, 0.5, "fail"),
        ({}, -2.0, "pass"),
        ({"require": "better"}, -0.5, "pass"),
        ({"require": "better"}, -0.29, "inconclusive"),
        ({"require": "better"}, 0.0, "fail"),
        ({"require": "better"}, 0.5, "fail"),
        ({"better": "higher"}, -0.5, "fail"),
        ({"better": "higher"}, 0.0, "pass"),
        ({"better": "higher", "require": "better"}, 0.5, "pass"),
        ({"better": "higher", "require": "better"}, 0.0, "fail"),
    ],
)
def test_verdict_needs_the_whole_interval(more: dict[str, Any], difference: float, verdict: str) -> None:
    """It passes where all of the interval is as good as required, fails where none of it is, and waits otherwise."""
    found = outcome.judge(declared(**more), counted(difference), ref(2), ref(1), 10.0)
    assert found.verdict == verdict
    assert found.estimate == pytest.approx(difference, abs=1e-9)
    assert found.samples == 2000
    assert found.limit == declared(**more).limit


@pytest.mark.parametrize(
    ("undecided", "seconds", "verdict"),
    [("roll-back", 3599, "inconclusive"), ("roll-back", 3600, "fail"), ("go-on", 3600, "pass")],
)
def test_deadline_ends_what_cannot_be_told(undecided: str, seconds: float, verdict: str) -> None:
    """Past the declared time what is declared happens, and the sentence says so."""
    for counts in (counted(0.29), counted(0.0, each=20), None):
        found = outcome.judge(declared(undecided=undecided), counts, ref(2), ref(1), seconds)
        assert found.verdict == verdict
        assert (f"so {undecided}, as declared" in found.said) == (verdict != "inconclusive")


def test_deadline_changes_nothing_that_is_decided() -> None:
    """What the interval says counts, however late it is."""
    late = [outcome.judge(declared(), counted(by), ref(2), ref(1), 9e9).verdict for by in (0.0, 0.5)]
    assert late == ["pass", "fail"]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (counted(-0.5), r"v1\.2\.0 is better by 0\.5 minutes \(95 %: 0\.\d+ to 0\.\d+\) after 4,000 outcomes"),
        (counted(0.5), r"v1\.2\.0 is worse by 0\.5 minutes \(95 %: 0\.\d+ to 0\.\d+\) after 4,000 outcomes"),
        (
            counted(0.0),
            r"v1\.2\.0 cannot be told from v1\.1\.0 yet: between 0\.\d+ minutes worse and 0\.\d+ minutes bet",
        ),
        (counted(0.0, each=20), r"cannot be compared with v1\.1\.0 yet: 20 and 20 of 100 units each after 40 outcomes"),
        (None, r"cannot be compared with v1\.1\.0 yet: 0 and 0 of 100 units each after 0 outcomes"),
    ],
)
def test_sentence_is_one_that_a_manager_understands(counts: Outcomes | None, said: str) -> None:
    """Which version is better, by how much, how sure, after how many outcomes."""
    assert re.search(said, outcome.judge(declared(), counts, ref(2), ref(1), 1.0).said)


def test_values_that_are_all_the_same_are_said_to_be() -> None:
    """Enough outcomes without any spread decide nothing, and the reason is not their number."""
    experiment = Experiment("x", ["v1.2.0", "v1.1.0"])
    for number in range(400):
        experiment.count(str(number), 0.0, Unit(("v1.2.0", "v1.1.0")[number % 2], ""))
    found = outcome.judge(declared(), experiment.document(), ref(2), ref(1), 1.0)
    assert (found.verdict, found.estimate) == ("inconclusive", None)
    assert "all values are the same after 400 outcomes" in found.said


def test_report_shows_the_way_of_the_interval() -> None:
    """From the minimum on each point of the trace has its interval, and the last ones are narrower."""
    found = counted(-0.5)
    finding = outcome.judge(declared(), found, ref(2), ref(1), 1.0)
    shown = outcome.report(declared(), found, finding, ref(2), ref(1))
    assert shown["points"][0][0] >= 200
    assert shown["points"][-1] == [4000, finding.estimate, finding.low, finding.high]
    assert len({number for number, *_ in shown["points"]}) == len(shown["points"])
    widths = [high - low for _, _, low, high in shown["points"]]
    assert widths[-1] < widths[0] / 2
    assert shown["left_out"] == {"late": 3}
    assert shown["said"] == finding.said


def in_ab(**declared_: Any) -> World:
    """An A/B test in which the pause is over: half of the clients have version 2."""
    world = World(policy(**declared_)).have(1)
    world.wanted = ref(2)
    world.settle()
    assert world.weight == 50
    world.pass_by(60, measurement=UNSURE)
    return world


def test_step_waits_until_the_outcome_is_decided() -> None:
    """What cannot be told yet keeps the step, what passes lets it end, and a person then ends the test for all."""
    world = in_ab()
    assert world.state.progress is not None
    assert world.state.progress.step == 1
    world.pass_by(30, measurement=Measurement("pass", "", "v1.2.0 is better by 0.4 minutes"))
    assert world.state.progress is not None
    assert world.state.progress.step == 2
    approved = frozenset({("v1.2.0", world.policy.hash, 2)})
    world.settle(approved=approved)
    assert world.state.stable == ref(2)
    assert world.state.history[-1].detail == "every step passed; v1.2.0 is better by 0.4 minutes"
    assert world.state.outbox[-1].reason == "every step passed; v1.2.0 is better by 0.4 minutes"


def test_worse_outcome_is_rolled_back() -> None:
    """A version that fails its outcome is aborted with the reason, as one that fails any other metric."""
    world = in_ab()
    world.pass_by(20, measurement=FAIL)
    assert world.state.progress is None
    assert world.state.stable == ref(1)
    assert [event.kind for event in world.state.outbox][-2:] == ["aborted", "revert"]


def test_ab_test_that_a_person_ends_for_stable_says_what_it_came_to() -> None:
    """Main that goes back to stable ends the test at once; the history has what was known by then."""
    world = in_ab()
    world.pass_by(30, measurement=Measurement("inconclusive", "", "v1.2.0 cannot be told from v1.1.0 yet"))
    world.wanted = ref(1)
    world.settle()
    assert world.state.progress is None
    assert world.state.history[-1].what == "rolled back"
    assert world.state.history[-1].detail.endswith("; v1.2.0 cannot be told from v1.1.0 yet")


def test_ab_test_without_a_pause_is_ended_by_a_person() -> None:
    """At the approval a person may end what is not decided; until then a worse version is still rolled back."""
    for measurement, end in ((UNSURE, ref(2)), (FAIL, ref(1))):
        world = World(policy({"setWeight": 50}, {"approval": {}})).have(1)
        world.wanted = ref(2)
        world.settle()
        world.pass_by(30, measurement=measurement)
        world.settle(approved=frozenset({("v1.2.0", world.policy.hash, 1)}))
        assert world.state.stable == end


def test_outcome_is_compared_only_where_clients_get_both_versions() -> None:
    """Mirroring, and a version that answers alone, have no outcome: with it alone such a step ends by time."""
    steps = [{"setMirror": 100}, {"pause": {"duration": 30}}, {"setMirror": 0}, *AB[:2], {"setWeight": 100}]
    analysis = {"interval": 10.0, "outcome": COST}
    world = World(rollout.read({"strategy": "canary", "steps": steps, "analysis": analysis})).have(1)
    world.wanted = ref(2)
    world.settle()
    assert outcome.name_of(world.state, HERE) == ""
    assert not due(world.state, world.now + 20)
    world.pass_by(40)
    assert world.weight == 50
    assert outcome.name_of(world.state, HERE).startswith("v1.2.0-000000000000-")
    assert due(world.state, world.now + 20)


def test_golden_requests_do_not_stand_in_for_outcomes() -> None:
    """Requests that the package was sealed with know nothing of what comes of an answer."""
    section = {"interval": 10.0, "goldenRequests": True, "outcome": COST}
    world = World(rollout.read({"strategy": "canary", "steps": AB[:2], "analysis": section})).have(1)
    world.wanted = ref(2)
    world.settle()
    world.pass_by(120, golden=PASS)
    assert world.weight == 50


def test_experiment_has_another_name_with_other_weights() -> None:
    """Each step's outcomes are compared among themselves: what comes late must not mix two shares of the clients."""
    pause = {"pause": {"duration": 10}}
    steps: list[dict[str, Any]] = [{"setWeight": 10}, pause, {"setWeight": 50}, pause]
    world = World(policy(*steps)).have(1)
    world.wanted = ref(2)
    world.settle()
    first = outcome.name_of(world.state, HERE)
    world.pass_by(15, measurement=PASS)
    assert world.weight == 50
    assert outcome.name_of(world.state, HERE) not in ("", first)


def test_experiment_by_labels_has_another_name_on_each_server() -> None:
    """Monitoring may have the rows of several servers, each of which decides by its own; what clients send has not."""
    there = Place(Path("there"))
    for metric, apart in (("mae", True), (None, False)):
        world = in_ab(metric=metric)
        names = {outcome.name_of(world.state, place) for place in (HERE, there)}
        assert len(names) == 1 + apart
        assert {outcome.name_of(world.state, place) for place in (HERE, there)} == names
        assert all(re.fullmatch(outcomes.NAME, name) for name in names)


def test_driver_reads_labels_where_the_policy_says_so(tmp_path: Path) -> None:
    """What monitoring counted decides; what clients sent does not, and before any label the status says who reads."""
    under = policy(AB[0], AB[1], metric="mae", minimum=100)
    driven = Driven(tmp_path / "follower", under)
    for _ in range(3):
        shown = driven.tick(ref(2), 11)
    routed = json.loads(driven.place.routing.read_bytes())
    name = outcome.name_of(driven.driver.state, driven.place)
    assert (routed["experiment"], routed["metric"]) == (name, "mae")
    outcomes.write(driven.place.outcomes, counted(-5.0, name=name))
    shown = driven.tick(ref(2), 11)
    assert shown["outcome"] is not None
    assert shown["outcome"]["said"].endswith(
        "; `./mainline monitor` beside the server has read no labels for this step yet"
    )
    outcomes.write(driven.place.labelled, counted(5.0, name=name))
    for _ in range(3):
        shown = driven.tick(ref(2), 11)
    assert shown["history"][0]["what"] == "aborted"
    assert "v1.2.0 is worse by 5 minutes" in shown["history"][0]["detail"]


class Driven:
    """The driver beside files that a server would write."""

    def __init__(self, folder: Path, under: Policy) -> None:
        self.place, self.times, self.policy = Place(folder), Times(), under
        self.place.folder.mkdir()
        self.numbers = 1
        self.driver = Driver(self.place, "production", self.times.clock())
        self.tick(ref(1))
        self.tick(ref(2))

    def tick(self, wanted: Any, seconds: float = 1.0, **found: Any) -> Status:
        """Let the server speak and the driver look."""
        self.times.pass_by(seconds)
        self.numbers += 10
        counters: dict[str, Any] = {
            "instance": "1", "requests": self.numbers, "failed": 0, "invalid": 0, "mirrored": 0,
            "seconds": {"0.05": self.numbers}, "predictions": {"1": self.numbers},
            "pairs": {"number": 0, "sum": 0.0, "squares": 0.0},
        }  # fmt: skip
        versions = {"v1.1.0": counters, "v1.2.0": counters}
        said = {"process": "1", "revision": self.driver.state.revision, "versions": versions}
        server_report.write(self.place.served, said)  # type: ignore[arg-type]
        self.driver.tick(Found(0.0, wanted=wanted, verified=True, policy=self.policy, **found), {"problem": ""})
        return status.read(self.place.folder)

    def say(self, difference: float, each: int = 2000, name: str = "") -> None:
        """Let the server say what came of the answers."""
        found = counted(difference, each, name or outcome.name_of(self.driver.state, self.place))
        outcomes.write(self.place.outcomes, found)


def test_driver_reads_what_the_server_counted_of_this_step(tmp_path: Path) -> None:
    """The routes name the experiment; its outcomes are judged beside other metrics, those of another step are not."""
    world = Driven(tmp_path / "x", policy(metrics=[{"name": "error-rate", "limit": 0.9}]))
    name = outcome.name_of(world.driver.state, world.place)
    assert json.loads(world.place.routing.read_text())["experiment"] == name
    world.say(-0.5, name="of-another-step")
    shown = world.tick(ref(2), 15)
    assert shown["rollout"] is not None
    assert [found["metric"] for found in shown["rollout"]["findings"]] == ["error-rate", "outcome cost"]
    assert shown["rollout"]["findings"][1]["samples"] == 0
    assert shown["rollout"]["step"] == 1
    world.say(-0.5)
    for _ in range(4):
        shown = world.tick(ref(2), 15)
    assert shown["rollout"] is not None
    assert shown["rollout"]["step"] == 2
    assert shown["outcome"] is not None
    assert shown["outcome"]["said"].startswith("v1.2.0 is better by 0.5 minutes")


def test_bad_error_rate_aborts_whatever_the_outcome_says(tmp_path: Path) -> None:
    """The outcome joins the other metrics and replaces none."""
    world = Driven(tmp_path / "x", policy(metrics=[{"name": "latency", "limit": 0.0, "threshold": 0.01}]))
    world.say(-0.5)
    shown = world.tick(ref(2), 15)
    assert shown["rollout"] is not None
    assert shown["rollout"]["verdict"] == "inconclusive"
    assert shown["rollout"]["step"] == 1


@pytest.mark.parametrize(("difference", "end"), [(0.5, "aborted"), (-0.5, "served")])
def test_experiment_that_ended_can_still_be_read(tmp_path: Path, difference: float, end: str) -> None:
    """Status and page show the last experiment after its end, also after the follower was started again."""
    world = Driven(tmp_path / "x", policy(*AB[:2]))
    world.say(difference)
    for _ in range(6):
        shown = world.tick(ref(2), 15)
    assert shown["history"][0]["what"] == end
    assert "by 0.5 minutes (95 %:" in shown["history"][0]["detail"]
    world.driver = Driver(world.place, "production", world.times.clock())
    again = world.tick(ref(2))
    assert again["rollout"] is None
    assert again["outcome"] == shown["outcome"]
    text = status.render(again, world.times.wall)
    assert "by 0.5 minutes (95 %:" in " ".join(text.split())
    assert "left out: 3 late" in " ".join(text.split())
    assert_shown(again)


def assert_shown(found: Status) -> None:
    """Hold the page, which the command writes too, to the document: the sentence and the way of the interval."""
    page = rollout_page.render(found, 0.0)
    outcome_ = found["outcome"]
    assert outcome_ is not None
    section = page[page.index("<h2>Outcome: cost</h2>") :]
    assert f'<p class="{outcome_["verdict"]}">{outcome_["said"]}</p>' in section
    band = re.search(r'<polygon points="([^"]*)"', section)
    assert band is not None
    assert len(band[1].split()) == 2 * len(outcome_["points"])
    assert "Left out: 3 late." in section


def test_page_of_an_experiment_is_written_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`./mainline status --page FILE` writes what the server's page shows, for people without a key to it."""
    world = Driven(tmp_path / "x", policy())
    world.say(-0.5)
    world.tick(ref(2), 15)
    monkeypatch.chdir(tmp_path)
    assert main(["status", "--state", str(world.place.folder), "--page", "ab.html"]) == 0
    assert capsys.readouterr().out == "Wrote ab.html\n"
    page = (tmp_path / "ab.html").read_text()
    assert "<h2>Outcome: cost</h2>" in page
    assert "http-equiv" not in page
    assert main(["status", "--state", str(world.place.folder), "--page", str(tmp_path / "x")]) == 1
    assert capsys.readouterr().err.startswith("mainline: ")


def test_hostile_words_in_the_status_are_text_on_the_page(tmp_path: Path) -> None:
    """A name or a sentence with tags is shown as it is written."""
    world = Driven(tmp_path / "x", policy())
    world.say(-0.5)
    shown = world.tick(ref(2), 15)
    assert shown["outcome"] is not None
    shown["outcome"] |= {"said": "<script>", "name": "<b>", "unit": "<i>", "left_out": {"<u>": 1}}
    page = rollout_page.render(shown, 0.0)
    assert not re.search("<(script|b|i|u)>", page[page.index("<h2>Outcome") :].partition("<h2>History")[0])


@FEW
@given(data=st.data())
def test_whatever_the_server_counted_the_driver_goes_on(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Counts that cannot be, numbers beyond all bounds and files that are none say nothing, and stop nobody."""
    world = Driven(tmp_path_factory.mktemp("fuzz") / "x", policy())
    sound = counted(-0.5, each=150, name=outcome.name_of(world.driver.state, world.place))
    for tally in sound["versions"].values():
        if data.draw(st.booleans()):
            name = data.draw(st.sampled_from([*tally]))
            tally[name] = data.draw(st.integers(0, 2**53) | st.floats(allow_nan=False))  # type: ignore[literal-required]
    world.place.outcomes.write_bytes(data.draw(documents(sound)))
    shown = world.tick(ref(2), 15)
    assert shown["phase"] in ("progressing", "stable")
    status.render(shown, world.times.wall)
    rollout_page.render(shown, world.times.wall)


@pytest.mark.parametrize(
    "wrong", [{"number": 0}, {"squares": 1e308}, {"sum": 1e300}, {"sum": -1e308, "counts": 2**53}, {"units": 10**9}]
)
def test_counts_that_cannot_be_are_not_read(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """A document from which no interval can be made is none, wherever in it the wrong number stands."""
    file = tmp_path / "outcomes.json"
    for part in ("versions", "trace"):
        found = counted(-0.5, each=150)
        outcomes.write(file, found)
        assert outcomes.read(file) == found
        (found["versions"] if part == "versions" else found["trace"][-1])["v1.2.0"] |= wrong  # type: ignore[typeddict-item]
        outcomes.write(file, found)
        assert outcomes.read(file) is None
