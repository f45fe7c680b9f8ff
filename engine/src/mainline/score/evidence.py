"""Everything that the 28 tests look at, each thing read once, and refused if it is of another model or too old."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mainline.gate import findings
from mainline.gate.findings import Check, Findings
from mainline.monitoring.result import Monitored
from mainline.registry import artifact, events, tags
from mainline.registry.events import Event
from mainline.registry.tags import Registry
from mainline.repository import record
from mainline.repository.record import Record
from mainline.score import reports, workflows
from mainline.score.checks import passed
from mainline.score.contents import content
from mainline.score.made_here import Made
from mainline.score.rubric import FOLLOW, GATE, MONITOR, REHEARSE, TEST, LackError, Origin, Shown, Step, workflow


@dataclass(frozen=True)
class Evidence(Made):
    """What was made here, and what gate, monitoring, servers, rehearsals, tests and workflows showed of it.

    Everything raises a MainlineError if it is missing, damaged, of another model or older than declared.
    """

    @cached_property
    def judged(self) -> tuple[Findings, Origin]:
        """What the gate found of this package."""
        digest = self.digest  # without a package the gate has nothing to judge
        found = findings.read(content(findings.FILE, GATE))
        if found.candidate.digest != digest:
            raise LackError(f"{findings.FILE} is of {found.candidate.digest[:12]}, another package", GATE)
        if found.candidate.commit is None:
            raise LackError(f"{findings.FILE} is of a tree with uncommitted changes", GATE)
        return found, self.fresh(self.of_commit(str(findings.FILE), found.candidate.commit), GATE)

    def checks(self, *names: str) -> tuple[list[Check], Origin]:
        """Return checks of the gate that this package passed."""
        found, origin = self.judged
        return passed(found.checks, names, "the gate", GATE), origin

    @property
    def sign(self) -> int:
        """1 if less of the primary metric is better, else -1."""
        compared = self.judged[0].comparison
        return 1 if compared.compared in ("", compared.metric) else -1

    @cached_property
    def looked(self) -> Monitored:
        """The last report of monitoring, here or on the branch that machines share."""
        return reports.report(self.environment)

    @property
    def look(self) -> Origin:
        """When monitoring looked."""
        said = reports.seconds(self.looked.until)
        return self.fresh(Origin(f"monitoring of {self.environment}", "", said), MONITOR)

    def rolled_out(self) -> tuple[Event, Origin]:
        """Return the newest event by which a server told that this package went through the declared rollout.

        An event names its policy if it ended one: a first version, and one that returns, are served without steps.
        """
        served = [one for one in self.events if one.digest == self.digest and one.event == "served"]
        if not served:
            raise LackError("no server told that it served this package", FOLLOW)
        stepped = [one for one in served if one.policy == self.deployed.rollout.hash]
        if not stepped:
            how = "under another policy" if any(one.policy for one in served) else "without steps"
            raise LackError(f"{served[-1].version} was served {how}", FOLLOW)
        origin = Origin(artifact.branch("deployments", self.environment), "", stepped[-1].when)
        return stepped[-1], self.fresh(origin, FOLLOW)

    @cached_property
    def events(self) -> Sequence[Event]:
        """What servers of the environment told, oldest first."""
        return events.read(self.environment).events

    @cached_property
    def registry(self) -> Registry:
        """Versions and assignments."""
        return tags.read()

    def ran(self, name: str, step: Step) -> tuple[Record, Origin]:
        """Return the record of a run on the package of dvc.lock."""
        found = record.read(name)
        if found is None:
            raise LackError(f"{step.text} has not run here", step)
        if not self.package or found.package != self.package:
            raise LackError(f"{step.text} ran on another package", step)
        return found, self.fresh(self.of_commit(f"{record.FOLDER}/{name}.json", found.commit), step)

    @cached_property
    def rehearsed(self) -> tuple[Mapping[str, str], Origin]:
        """What a rehearsal of this package in this environment showed, by name, if every part did what it should."""
        found, origin = self.ran(record.REHEARSE, REHEARSE)
        result = found.found.get("result", "damaged")
        if result != record.REHEARSED:
            raise LackError(f"the last rehearsal: {result}", REHEARSE)
        if (found.found.get("digest"), found.found.get("environment")) != (self.digest, self.environment):
            raise LackError("another package or environment was rehearsed", REHEARSE)
        if found.code != record.code():
            raise LackError("the code was edited since the rehearsal", REHEARSE)
        return found.found, origin

    @cached_property
    def tested(self) -> tuple[Mapping[str, str], Origin]:
        """The outcome of each of the fork's tests, if they ran on this code."""
        found, origin = self.ran(record.TESTS, TEST)
        if found.code != record.code():
            raise LackError("the code was edited since the tests ran", TEST)
        return found.found, origin

    def claims(self, *names: str) -> Origin:
        """Return where claims of the contract are shown to hold, by whichever test tried them."""
        outcomes, origin = self.tested
        for name in names:
            outcome = outcomes.get(f"{record.CLAIM}{name}", "was not tried")
            if outcome != record.PASSED:
                raise LackError(f"{name} {outcome}", TEST)
        return origin

    def own_tests(self, file: str) -> int:
        """Return how many tests of a file asserted something; 0 if one of them did not pass."""
        outcomes = [found for name, found in self.tested[0].items() if name.startswith(f"{file}::")]
        return outcomes.count(record.PASSED) if set(outcomes) <= {record.PASSED, record.SILENT} else 0

    @cached_property
    def scheduled(self) -> frozenset[str]:
        """The commands that workflows run by themselves."""
        return workflows.commands(self.workflow_files())

    def workflow_files(self) -> Iterable[bytes]:
        """Return what each workflow's file holds."""
        return workflows.files()

    def shown(self, said: str, origin: Origin, command: str, lacks: Step | None = None) -> Shown:
        """Return what was shown: half a point if something is lacking, or if no workflow runs the command."""
        by_system = workflows.runs(command, self.scheduled)
        return Shown(said, origin, command, lacks or (None if by_system else workflow(command)))
