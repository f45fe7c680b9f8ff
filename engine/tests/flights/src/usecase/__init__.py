"""Flight delays: when a flight leaves the gate, predict its arrival delay in minutes.

This folder and `params.yaml` are what you replace; `engine/docs/use-case.md` walks through it.
"""
