"""The commands of the workflows as a Jenkinsfile: checks and report of a change request, release of a merge."""

from pathlib import Path

from mainline import files

FILE = "Jenkinsfile"
CREDENTIALS = "mainline-push"
REPORT = "metrics/report/report.html"
CHECKED = ("make check", "make test")
MODELLED = ("./mainline pull", "./mainline lock", "make gate")
REPORTED = "./mainline report --if-any"
RELEASED = ("./mainline pull", "./mainline lock", "./mainline promote")
FETCHED = ("git fetch --tags --force origin '+refs/heads/*:refs/remotes/origin/*'", "git remote set-head origin --auto")
"""What Jenkins leaves out of a checkout: versions are tags, and the default branch is asked for."""
_TEXT = """\
// Written by `./mainline render --way jenkins`; render it again instead. Make a multibranch pipeline whose script path
// is the path of this file, on agents with git, make, bash and Python 3.11 that may fetch from the repository.
// `promote` pushes tags: keep a user name and a token that may push as the credential '{credentials}'. Trust the
// Jenkinsfile of a change request only if its author may push, as is the default: others run the target branch's.
pipeline {{
    agent any
    options {{
        disableConcurrentBuilds() // of one branch: one release at a time
        timeout(time: 2, unit: 'HOURS')
    }}
    environment {{
        GIT_TERMINAL_PROMPT = '0' // a missing credential is an error, not a question
    }}
    stages {{
        stage('Code') {{
            when {{ changeRequest() }}
            steps {{
{checked}
            }}
        }}
        stage('Model') {{
            when {{ changeRequest() }}
            steps {{
{modelled}
            }}
            post {{
                always {{
{reported}
                    archiveArtifacts(artifacts: '{report}', allowEmptyArchive: true)
                }}
            }}
        }}
        stage('Promote') {{
            when {{ environment(name: 'BRANCH_IS_PRIMARY', value: 'true') }}
            steps {{
                sh('git config user.name Mainline')
                sh('git config user.email mainline@noreply.invalid')
                withCredentials([gitUsernamePassword(credentialsId: '{credentials}')]) {{
{fetched}
{released}
                }}
            }}
        }}
    }}
}}
"""


def pipeline() -> str:
    """Return the Jenkinsfile, in Jenkins' declarative form."""
    return _TEXT.format(
        credentials=CREDENTIALS,
        checked=_steps(CHECKED, 16),
        fetched=_steps(FETCHED, 20),
        modelled=_steps(FETCHED + MODELLED, 16),
        reported=_steps((REPORTED,), 20),
        released=_steps(RELEASED, 20),
        report=REPORT,
    )


def write(folder: Path) -> str:
    """Write the file into a folder; return what was written, and what it does not do."""
    files.replace(folder / FILE, pipeline())
    return "\n".join([
        f"{folder / FILE}: checks and report of a change request, and the release.",
        "It needs a shared store (`./mainline remote`), since there are no releases to fetch packages from.",
        "The report is an artifact of the build, not a comment.",
    ])  # fmt: skip


def _steps(commands: tuple[str, ...], indent: int) -> str:
    """Return commands as steps, each a line; Groovy ends a text in quotes at the next one unless it is escaped."""
    quoted = (command.replace("\\", "\\\\").replace("'", "\\'") for command in commands)
    return "\n".join(f"{' ' * indent}sh('{command}')" for command in quoted)
