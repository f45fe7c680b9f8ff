"""A relay to a server, which breaks off, or falls silent, in the middle of an answer."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Relay:
    """Passes bytes on until `after` bytes of the server's were passed on a connection; then it cuts, or is silent."""

    def __init__(self, connect: Callable[[], socket.socket], after: int, cuts: bool) -> None:
        self.connections = 0
        self._connect, self._after, self._cuts = connect, after, cuts
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        for one in (self._listening, *self._open):
            _end(one)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = self._connect()
                self._open += [client, server]
                self.connections += 1
                for work in (self._ask, self._answer):
                    threading.Thread(target=work, args=(client, server), daemon=True).start()

    @staticmethod
    def _ask(client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while read := client.recv(65536):
                server.sendall(read)
        _end(server)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        left = self._after
        with contextlib.suppress(OSError):
            while read := server.recv(65536):
                client.sendall(read[:left])
                left = max(0, left - len(read))
                if not left and self._cuts:
                    _end(server)
                    break
        if left or self._cuts:
            _end(client)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def relay(connect: Callable[[], socket.socket], after: int, cuts: bool) -> Iterator[Relay]:
    """Start a relay, yield it, and end it."""
    started = Relay(connect, after, cuts)
    try:
        yield started
    finally:
        started.close()
