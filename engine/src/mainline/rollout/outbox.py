"""The history of a rollout for people here, and the reports that others are still to receive."""

from dataclasses import replace
from typing import Literal

from mainline.declared.rollout import Policy
from mainline.rollout.records import Entry, Event, Kind, Ref, State

HISTORY = 100
"""Entries that are kept."""


def note(state: State, now: float, what: str, version: str, detail: str = "") -> State:
    """Add an entry to the history."""
    return replace(state, history=(*state.history, Entry(now, what, version, detail))[-HISTORY:])


def tell(state: State, now: float, kind: Kind, ref: Ref, reason: str, policy: Policy | None = None) -> State:
    """Note an event in the history, and report it to others."""
    noted = note(state, now, kind, ref.version, reason)
    return send(noted, now, kind, ref, reason, policy.hash if policy else "")


def send(state: State, now: float, kind: Kind | Literal["revert"], ref: Ref, reason: str, policy: str = "") -> State:
    """Report an event to others."""
    number = state.events + 1
    event = Event(number, now, kind, ref.version, ref.digest, reason[:600], policy, state.model, state.assignment)
    return replace(state, events=number, outbox=(*state.outbox, event)[-HISTORY:])


def delivered(state: State, ids: frozenset[int]) -> State:
    """Drop the reports that others have received."""
    return replace(state, outbox=tuple(event for event in state.outbox if event.id not in ids))
