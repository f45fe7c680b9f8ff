"""What a look at git lets a server hope for: another version, or the one to begin with."""

from dataclasses import replace

from mainline.rollout import machine
from mainline.rollout.bringing import Bringing
from mainline.rollout.records import State
from mainline.rollout.source import Found, Source


def unmoved(found: Found, state: State) -> Found:
    """Leave out a version that serves with another package: routes tell versions by their names."""
    stable = state.stable
    if machine.is_another(state, found.model):
        return found
    if not (stable and found.wanted and found.wanted.version == stable.version and found.wanted != stable):
        return found
    said = f"{stable.version} serves with another package than git has now: its tag was moved. Move it back, or "
    return replace(found, wanted=None, verified=False, problem=said + "release this model as another version.")


def begin(found: Found, state: State, source: Source, bringing: Bringing, usual: float) -> Found:
    """Find out what to begin with, and bring its package before any other; `usual` seconds pass before another try."""
    begin = source.begin(found)
    if begin is None or found.wanted is None:
        return found
    if begin.stable is None:
        reason = begin.quarantined[0].reason
        problem = f"{found.wanted.version} was aborted ({reason}), and git knows no version that served before it; "
        left = "what serves stays" if state.stable else "nothing serves"
        return replace(found, beginning=begin, problem=f"{problem}{left}. Release another version.")
    brought = bringing.bring(replace(found, wanted=begin.stable, verified=False), usual)
    ready = brought.verified and begin.stable == found.wanted
    return replace(brought, wanted=found.wanted, verified=ready, beginning=replace(begin, ready=brought.verified))
