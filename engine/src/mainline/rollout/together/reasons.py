"""Why a server cannot decide for all, and what to do about it: for the log and the status."""

from mainline.declared.together import INTERVALS
from mainline.errors import MainlineError
from mainline.rollout.together import naming


class NotAllowedError(MainlineError):
    """This server may not write what servers of one rollout tell each other."""

    def __init__(self, ref: str, error: Exception) -> None:
        super().__init__(
            f"this server cannot write {ref} ({error}). With rollout.together each server needs the right to push "
            "there: grant it, or remove rollout.together, so that each rolls out alone."
        )


def shared(ref: str, environment: str, name: str) -> str:
    """Two servers have one name."""
    return (
        f"another process writes {ref}, so two servers of {environment} are called {name}, and neither decides. Give "
        f"each server another {naming.NAME}, or end one of them."
    )


def unread(ref: str) -> str:
    """The record is another document, or of a newer format."""
    return (
        f"{ref} holds nothing that this program can read, so this server decides nothing and leaves it to a server of "
        f"a newer version, which may have written it. If there is none, remove it: `git push origin :{ref}`."
    )


def late(seconds: float, lease: float) -> str:
    """A push takes so long that a leader does not decide any more at its next look."""
    return (
        f"git took {seconds:.0f} s for what was decided, so a lease of {lease:g} s is over at the next look, and a "
        "rollout waits for an election at each step, or for ever. Set a longer rollout.follow.interval: the lease "
        f"lasts {INTERVALS} of them."
    )


def refused(error: Exception) -> str:
    """The repository does not take a push, which it took before."""
    return (
        f"git did not take what this server has to say, so nobody decides, and what serves stays: {error}. If it "
        "refuses these refs, let each server push there, or remove rollout.together, so that each rolls out alone."
    )
