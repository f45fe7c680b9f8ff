"""The rooms as a picture: a Mermaid graph, which GitHub draws."""

import re
from collections.abc import Mapping
from pathlib import Path

import networkx as nx

from structure.graph import Graph, arrows

EVERYWHERE = ("", "commands", "__main__")
"""Rooms that are left out: all import the first, and the others import all."""


def draw(graph: Graph, rooms: Mapping[str, str]) -> str:
    """Return the graph: an arrow from each room to those that it imports, without what other arrows say already.

    Raises:
        NetworkXError: if rooms import each other in a circle.
    """
    drawn = nx.DiGraph(edge for edge in arrows(graph) if not set(edge) & set(EVERYWHERE))
    reduced = nx.transitive_reduction(drawn)
    order = list(rooms)
    lines = [f"    {room}" for room in reversed(order) if room in drawn]
    edges = sorted(reduced.edges, key=lambda edge: (-order.index(edge[0]), -order.index(edge[1])))
    return "\n".join(["flowchart TD", *lines, *(f"    {upper} --> {lower}" for upper, lower in edges)])


def insert(document: str, drawn: str) -> str:
    """Return a document with a graph in place of the one in it."""
    return re.sub(r"```mermaid\n.*?```", lambda _: f"```mermaid\n{drawn}\n```", document, count=1, flags=re.DOTALL)


def is_shown(graph: Graph, rooms: Mapping[str, str], document: Path) -> bool:
    """Whether a document has the graph as it is."""
    text = document.read_text(encoding="utf-8")
    return insert(text, draw(graph, rooms)) == text
