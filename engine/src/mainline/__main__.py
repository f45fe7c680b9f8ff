"""`python -m mainline COMMAND`: what the Makefile calls."""

import argparse
import os
import select
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mainline import checkout, faults
from mainline.errors import MainlineError
from mainline.github.commandline import add_commands
from mainline.release.commandline import add_release
from mainline.rollout.commandline import add_rollout

SETTINGS = Path("deploy/production.yaml")

# fmt: off
IN_REPOSITORY = frozenset((
    "repro", "restore", "gate", "tune", "explain", "verify", "promote", "rollback", "archive", "signing-key", "remote",
    "push", "pull", "rebuild", "clean", "history", "lineage", "delivery", "lock", "window", "released", "commit-lock",
    "propose", "aborted", "assets", "github-release", "image",
))
# fmt: on
"""Commands that take the current folder for a repository of its own; `serve` and its like run anywhere."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; print what it says, or one line of what is wrong."""
    chosen = _parser().parse_args(arguments)
    if chosen.traceback:
        os.environ[faults.TRACEBACK] = "1"  # for the stages, which are processes of their own
    try:
        if chosen.command in IN_REPOSITORY:
            checkout.require_repository()
        said = chosen.run(chosen)
        print(said, end="\n" if said else "", flush=True)
    except KeyboardInterrupt:
        print("mainline: interrupted; run the command again to go on.", file=sys.stderr)
        return 130
    except Exception as error:
        if isinstance(error, BrokenPipeError) and not _has_reader():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python writes at its end
            return 128 + signal.SIGPIPE
        expected = faults.explain(error)
        if expected is None or chosen.traceback:
            raise
        print(f"mainline: {expected}", file=sys.stderr)
        return 1
    return 0


def _has_reader() -> bool:
    """Say whether what is printed can be read; behind `| head` it cannot for long."""
    asked = select.poll()
    asked.register(sys.stdout.fileno(), 0)
    return not any(found & (select.POLLERR | select.POLLHUP) for _, found in asked.poll(0))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mainline", description="The model on main is the model in production.")
    parser.add_argument("--traceback", action="store_true", help="show where an expected error came from")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def add(name: str, run: Callable[[argparse.Namespace], str], description: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=description, description=description)
        command.set_defaults(run=run)
        return command

    add("repro", _repro, "run what changed in the pipeline and summarise the result")
    add("restore", _restore, "put back the results of the last commit")
    resolve = add("resolve", _resolve, "end a merge conflict in dvc.lock and metrics/ by running the pipeline")
    resolve.add_argument("--install", action="store_true", help="only register the merge driver in this clone")
    add("summary", _summary, "say what was trained on what and how good it is")
    gate = add("gate", _gate, "hold the candidate in the workspace against production")
    gate.add_argument("--environment", help="whose version counts as production; each one's without it")
    accept = add("accept", _accept, "write down that a person accepts checks of this one candidate")
    accept.add_argument("checks", nargs="+", metavar="CHECK", help="such as 'against production'")
    accept.add_argument("--reason", required=True, help="why this candidate is right all the same")
    report = add("report", _report, "render what the gate found for a pull request and as a page")
    report.add_argument("findings", nargs="?", type=Path, default=Path("metrics/report/gate.json"))
    report.add_argument("--if-any", action="store_true", help="say nothing where the gate found nothing")
    report.add_argument("--output", type=Path, default=Path("metrics/report"), help="the folder to write to")
    tune = add("tune", _tune, "search the declared hyperparameters on the validation months")
    tune.add_argument("--write", action="store_true", help="put the best into params.yaml")
    explain = add("explain", _explain, "measure what features are worth and how the model ages, or explain one row")
    explain.add_argument("--features", default="", metavar="A,B", help="leave out only these, one at a time")
    explain.add_argument("--window", type=int, metavar="MONTHS", help="length of a training window for staleness")
    one = explain.add_mutually_exclusive_group()
    one.add_argument("--row", metavar="JSON", help="explain this request: JSON, or a file of it")
    one.add_argument("--golden", type=int, metavar="N", help="explain one of the package's golden requests")
    add_release(add)
    add("plots", _plots, "draw the plots that dvc.yaml declares as pictures")
    verify = add("verify", _verify, "rebuild everything from scratch elsewhere and compare with dvc.lock")
    verify.add_argument("--keep", type=Path, metavar="FOLDER", help="rebuild in this new folder and keep it")
    verify.add_argument("--exact", action="store_true", help="accept no other last bits from another processor")
    serve = add("serve", _serve, "answer requests from a model package")
    serve.add_argument("package", nargs="?", type=Path, default=Path("models/package"))
    serve.add_argument("--version", default="", help="what the package is called in answers; else its digest")
    serve.add_argument("--routing", type=Path, metavar="FILE", help="serve what this file names, and follow it")
    serve.add_argument("--follow", metavar="URL", help="serve what this repository declares for --environment")
    add_rollout(add, serve)
    predict = add("predict", _predict, "predict the rows of a file, or of a stream of JSON lines")
    predict.add_argument("file", nargs="?", type=Path, help="a .parquet or .csv file with the request's columns")
    predict.add_argument("--stream", action="store_true", help="JSON lines from standard input to standard output")
    predict.add_argument("--output", type=Path, metavar="FOLDER", help="where predictions go; the same one goes on")
    predict.add_argument("--package", type=Path, default=Path("models/package"))
    taken = add("check-package", _check_package, "find out whether a package may take traffic here")
    taken.add_argument("package", nargs="?", type=Path, default=Path("models/package"))
    taken.add_argument("--report", type=Path, metavar="FILE", help="write the verdict as JSON")
    taken.add_argument("--unreleased", action="store_true", help="ask for no signature, since promote signs it")
    key = add("api-key", _key, "make an API key")
    key.add_argument("name", help="whose key it is")
    key.add_argument("--admin", action="store_true", help="for metrics and the service's state, not for predictions")
    for command in (serve, taken, key):
        command.add_argument("--settings", type=Path, metavar="FILE", help="deploy/production.yaml without it")
    add_commands(add)
    deps = add("deps", _deps, "hold the stages' dependencies in dvc.yaml against the code they import")
    deps.add_argument("--write", action="store_true", help="make the links in engine/stages anew")
    return parser


# Each command imports what it needs when it runs, so that none waits for the libraries of the others.
def _repro(_: argparse.Namespace) -> str:
    from mainline.commands.repro import repro

    return repro()


def _restore(_: argparse.Namespace) -> str:
    from mainline.commands.restore import restore

    return restore()


def _resolve(chosen: argparse.Namespace) -> str:
    from mainline.commands.resolve import install, resolve

    return install() if chosen.install else resolve()


def _summary(_: argparse.Namespace) -> str:
    from mainline.commands.summary import text

    return text("The model in models/package:")


def _gate(chosen: argparse.Namespace) -> str:
    from mainline.commands.gate import gate

    return gate(chosen.environment)


def _accept(chosen: argparse.Namespace) -> str:
    from mainline.commands.accept import accept

    return accept(chosen.checks, chosen.reason)


def _report(chosen: argparse.Namespace) -> str:
    from mainline.commands.report import report

    if chosen.if_any and not chosen.findings.exists():
        return "The gate found nothing, so there is no report."
    return report(chosen.findings, chosen.output)


def _tune(chosen: argparse.Namespace) -> str:
    from mainline.commands.tune import tune

    return tune(chosen.write)


def _explain(chosen: argparse.Namespace) -> str:
    from mainline.commands.explain import explain_model, explain_row

    if chosen.row is not None or chosen.golden is not None:
        return explain_row(chosen.row, chosen.golden)
    return explain_model([name for name in chosen.features.split(",") if name], chosen.window)


def _plots(_: argparse.Namespace) -> str:
    from mainline.commands.plots import draw

    return draw()


def _verify(chosen: argparse.Namespace) -> str:
    from mainline.commands.verify import verify

    return verify(chosen.keep, chosen.exact)


def _serve(chosen: argparse.Namespace) -> str:
    from mainline.commands.serve import serve, serve_followed

    if chosen.follow is not None:
        return serve_followed(chosen.follow, chosen.environment, chosen.settings, chosen.state)
    return serve(chosen.package, chosen.settings or SETTINGS, chosen.version, chosen.routing)


def _predict(chosen: argparse.Namespace) -> str:
    from mainline.commands.predict import predict_file, predict_stream

    if chosen.stream == (chosen.file is not None):
        raise MainlineError("name a file, or say --stream; one of the two.")
    if chosen.stream:
        return predict_stream(chosen.package)
    return predict_file(chosen.package, chosen.file, chosen.output)


def _check_package(chosen: argparse.Namespace) -> str:
    from mainline.commands.check_package import check_package

    return check_package(chosen.package, chosen.settings or SETTINGS, chosen.report, chosen.unreleased)


def _key(chosen: argparse.Namespace) -> str:
    from mainline.commands.api_key import make_key

    return make_key(chosen.settings or SETTINGS, chosen.name, admin=chosen.admin)


def _deps(chosen: argparse.Namespace) -> str:
    from mainline.commands.deps import check, write

    return write() if chosen.write else check()


if __name__ == "__main__":
    sys.exit(main())
