"""The port of each branch, kept in a file: a branch has one port from its first server to its last."""

import json
from collections.abc import Collection
from pathlib import Path

from mainline import files


class Ports:
    """Ports from the first one on, as many as there are branches at most."""

    def __init__(self, file: Path, first: int, most: int) -> None:
        """Begin with what the file says; if it cannot be read, or for ports that are not declared, anew."""
        self._file, self._range = file, range(first, first + most)
        self._by_name = {name: port for name, port in _read(file).items() if port in self._range}

    def of(self, name: str) -> int | None:
        """Return the port of a branch, the lowest that is free if it has none yet; None as long as none is free."""
        if name not in self._by_name:
            taken = set(self._by_name.values())
            free = next((port for port in self._range if port not in taken), None)
            if free is None:
                return None
            self._by_name[name] = free
            self._write()
        return self._by_name[name]

    def keep(self, names: Collection[str]) -> None:
        """Take back the ports of all other branches."""
        kept = {name: port for name, port in self._by_name.items() if name in names}
        if kept != self._by_name:
            self._by_name = kept
            self._write()

    def _write(self) -> None:
        files.replace(self._file, json.dumps(self._by_name, indent=1, sort_keys=True), durable=True)


def _read(file: Path) -> dict[str, int]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    ports = {name: port for name, port in found.items() if type(port) is int}
    return ports if len(set(ports.values())) == len(ports) else {}
