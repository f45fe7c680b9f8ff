"""What is wrong with the structure: circles, arrows that run back up, names that say too little or are not nouns."""

from collections import defaultdict
from collections.abc import Mapping

from structure.graph import Graph, file_circles, package_circles, room_of

SAME_NAME = 2
"""Modules that may have one name: of two `statistics` the room tells which is meant."""
COMMANDS = "commands"
"""The room whose modules have the names of what people type, whatever else is called so."""
NOUNS = frozenset({"feed", "need", "needs", "seed", "speed"})
"""Nouns that end like a participle."""
PARTICIPLES = frozenset({"brought", "built", "found", "given", "kept", "known", "made", "said", "seen", "told"})
"""Some that do not end in -ed."""


def find(graph: Graph, rooms: Mapping[str, str]) -> list[str]:
    """Return one line for each fault, with what to do about it."""
    names = [*_namesakes(graph), *_participles(graph)]
    return [*_circles(graph), *_unplaced(graph, rooms), *_upward(graph, list(rooms)), *names]


def _circles(graph: Graph) -> list[str]:
    circles = [("modules", circle) for circle in file_circles(graph)]
    circles += [("folders or modules", circle) for circle in package_circles(graph)]
    remedy = "move what the lower one needs of the upper one down"
    return [f"{kind} import each other in a circle: {', '.join(circle)}; {remedy}." for kind, circle in circles]


def _unplaced(graph: Graph, rooms: Mapping[str, str]) -> list[str]:
    found = {_place(module) for module in graph}
    remedy = "give it one in engine/structure/rooms.py"
    missing = [f"{name} has no place among the rooms; {remedy}." for name in sorted(found.difference(rooms))]
    empty = [f"engine/structure/rooms.py lists {name}, which is not there; remove it." for name in rooms]
    return missing + [line for name, line in zip(rooms, empty, strict=True) if name not in found]


def _upward(graph: Graph, order: list[str]) -> list[str]:
    return [
        f"{module} imports {other}, which is above it; move what both need down, or hand it in as an argument."
        for module, imported in graph.items()
        for other in sorted(imported)
        if {_place(module), _place(other)} <= set(order) and order.index(_place(other)) > order.index(_place(module))
    ]


def _namesakes(graph: Graph) -> list[str]:
    named = defaultdict(list)
    for module in graph:
        if room_of(module) != COMMANDS:
            named[module.rpartition(".")[2]].append(module)
    return [
        f"{len(modules)} modules are named {name}: {', '.join(modules)}; say in the name what each holds."
        for name, modules in sorted(named.items())
        if len(modules) > SAME_NAME
    ]


def _participles(graph: Graph) -> list[str]:
    """Name the modules whose last word says what was done; a module holds something, which has a noun."""
    words = {module: module.rpartition(".")[2].rpartition("_")[2] for module in graph if room_of(module) != COMMANDS}
    return [
        f"{module} has a participle for a name; say what it holds by a noun."
        for module, word in words.items()
        if word in PARTICIPLES or (word.endswith("ed") and word not in NOUNS)
    ]


def _place(module: str) -> str:
    return module if module == "__main__" else room_of(module)
