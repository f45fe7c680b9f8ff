"""A repository with releases, rollouts, a look of monitoring, a guide and evidence, of which a site is built."""

from pathlib import Path

from mainline.gate.findings import Check
from mainline.monitoring import alarms
from mainline.monitoring.result import Alarm, Monitored
from mainline.site import build as folders
from mainline.site import finder, pages, record
from mainline.site.build import Built
from tests.mainline.registry import registries
from tests.mainline.registry.registries import Registry, at, digest, lock
from tests.mainline.registry.test_delivery import said
from tests.mainline.report import examples

END = at(29)
SITE = Path("../site")
"""Beside the repository, which commits all that is in it."""
GUIDE = """# How to release

See [the gate](gate.md#limits), [a file](../../params.yaml), [elsewhere](https://example.org/) and [nothing](x:y).

![A picture](shown.svg) <b>bold</b>

## A part of it

Words about xylophones.
"""
CARD = "---\nlicense: cc0-1.0\n---\n# Card of the model\n\nIt says **how late**.\n"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>Shown</title></svg>'


def create(path: Path) -> Registry:
    """Make it: v1.0.0, v1.1.0 that is rolled back, and v1.2.0 in production; staging has v1.2.0, too."""
    made = registries.create(path)
    files = {"engine__docs__release_dot_md": GUIDE, "engine__docs__gate_dot_md": "# The gate\n\n## Limits\n",
             "engine__docs__shown_dot_svg": PICTURE}  # fmt: skip
    for name in ("production", "staging"):
        files[f"deploy__{name}_dot_yaml"] = "promotion: {after: null, approval: automatic, signature: optional}\n"
    made.commit(0.5, "Declare", None, **files)
    for day, version in ((1, "v1.0.0"), (6, "v1.1.0")):
        release(made, version, day)
    made.assign("v1.0.0", 7, "rollback")
    release(made, "v1.2.0", 12)
    made.assign("v1.2.0", 12.5, environment="staging")
    made.events("production", said(6.5, "aborted", "v1.1.0") + said(12.9, "served", "v1.2.0"))
    return made


def release(made: Registry, version: str, day: float, rmse: float = 14.0, subject: str = "") -> None:
    """Commit another model with its segments, and release it to production."""
    made.commit(
        day, subject or f"Train {version}", author=day - 1, dvc_dot_lock=lock(version), model=version,
        metrics__slices_dot_csv="slice,value,rows,metric,low,high,bias,baseline,thin\n"
        "carrier,9E,1468,15.05,13.54,16.43,1.36,17.72,false\norigin,LGA,20,19.0,9.0,30.0,1.0,20.0,true\n",
    )  # fmt: skip
    metrics = {"test": {"rows": 100, "rmse": rmse, "low": rmse - 2, "high": rmse + 2}, "baseline": {"rmse": 17.0}}
    made.register(version, day, metrics=metrics)
    made.assign(version, day)


def keep(made: Registry, branch: str, files: dict[str, str]) -> None:
    """Put files on a branch that has nothing in common with main."""
    index = {path: made.git("hash-object", "-w", "--stdin", given=content) for path, content in files.items()}
    made.git("read-tree", "--empty")
    made.git("update-index", "--add", "--index-info",
             given="".join(f"100644 {blob}\t{path}\n" for path, blob in index.items()))  # fmt: skip
    commit = made.git("commit-tree", made.git("write-tree"), "-m", "Kept")
    made.git("read-tree", "HEAD")
    made.git("update-ref", f"refs/heads/{branch}", commit)


def report(version: str, content: str = "") -> dict[str, str]:
    """Return the gate's report on a version where `promote` keeps it; by default what the version's tag tells of."""
    found = examples.passing(headline="It may be released.")
    candidate = found.candidate.model_copy(update={"digest": digest(version)})
    right = found.model_copy(update={"candidate": candidate}).model_dump_json()
    return {f"model/reports/{digest(version)}.json": content or right}


def tune(made: Registry) -> None:
    """Release v1.3.0 with a search and experiments in its commit, from each of which it is."""
    search = "model,trial,depth,metric,difference,low,high,seconds,search\n" + "".join(
        f"flights,{row},abc\n" for row in ("0,3,16.3,0.0,0.0,0.0,3.2", "1,4,,,,,2.6", "2,5.0,15.0,-0.08,-0.1,-0.05,4")
    )
    trained = "0123456789ab"
    tried = (
        "model,base,primary,name,trained,value,difference,low,high,verdict,changed,note\n"
        "flights,f00d,rmse,f00d,aaaaaaaaaaaa,16.0,,,,,,\n"
        f"flights,f00d,rmse,tidy-mole,{trained},15.5,-0.03,-0.04,-0.02,better,depth 3 -> 5,<b>\n"
    )
    text = f"{lock('v1.3.0')}# md5: {trained}{'0' * 20}\n"
    made.commit(20, "Tune", None, metrics__tuning_dot_csv=search, metrics__experiments_dot_csv=tried,
                    params_dot_yaml="model: {params: {depth: 5}}\n", dvc_dot_lock=text)  # fmt: skip
    made.register("v1.3.0", 20)


def look(text: str = "carrier: 3.0%") -> Monitored:
    """A look at production with an alarm."""
    alarm = Alarm(version="v1.2.0", digest=digest("v1.2.0"), check="unseen values", opened="2026-01-14T00:00:00Z",
                  observed=text, limit="1.0%", reason=text)  # fmt: skip
    check = Check(name="log", group="integrity", verdict="pass", observed=text, limit="0", reason=text)
    return Monitored(verdict="fail", headline=f"Alarm: {text}", environment="production", until="2026-01-15T00:00:00Z",
                     rows=100, checks=[check], versions=[], alarms=[alarm])  # fmt: skip


def past(text: str = "") -> bytes:
    """What happened to alarms: one of v1.1.0 is over, one of v1.2.0 is open."""
    told = [
        {"time": "2026-01-08T00:00:00Z", "event": "opened", "version": "v1.1.0", "check": "bias",
         "observed": "+7.2 min"},
        {"time": "2026-01-11T00:00:00Z", "event": "closed", "version": "v1.1.0", "check": "bias",
         "reason": text or "v1.2.0 answers in its place."},
        {"time": "2026-01-14T00:00:00Z", "event": "opened", "version": "v1.2.0", "check": "unseen values",
         "observed": text or "carrier: 3.0%"},
    ]  # fmt: skip
    return alarms.write(alarms.Line.model_validate({"digest": digest(line["version"]), **line}) for line in told)


def monitor(made: Registry, found: Monitored, happened: bytes = b"") -> None:
    """Share a look, and what happened to alarms."""
    files = {"monitoring.json": found.model_dump_json(), alarms.FILE: happened.decode()}
    keep(made, "monitoring/production", files)


def build(folder: Path = SITE, until: int = END, code: str = "code") -> Built:
    """Build the site of the repository that is the current folder, without the score."""
    found = record.read()
    listed = pages.of(found, None, until)
    return folders.build(listed, lambda entries: finder.of(entries, found.artifact), folder, code, lambda _: None)


def read(path: str, folder: Path = SITE) -> str:
    """Return a page."""
    return (folder / path).read_text(encoding="utf-8")
