"""The sockets that a server listens on, all at one address."""

import errno
import socket

from mainline.declared.service import Settings
from mainline.errors import MainlineError


def bind(settings: Settings, number: int = 1) -> list[socket.socket]:
    """Listen once for each worker; the system deals new connections to several by a hash of the client's address.

    Raises:
        MainlineError: when the address cannot be used, or the system cannot deal.
    """
    first = _bind(settings, settings.port)
    bound = [first]
    try:
        if number > 1:
            # Only now: a socket that was bound like this would share its port with another server, unnoticed.
            _share(first)
            port = first.getsockname()[1]
            bound += [_bind(settings, port, shared=True) for _ in range(number - 1)]
        for listening in bound:
            listening.listen(settings.limits.connections)  # who comes before the first accept waits, and is not refused
            listening.set_inheritable(True)
    except OSError as error:
        raise _explain(settings, error, settings.port, "service.port") from error
    except BaseException:
        for listening in bound:
            listening.close()
        raise
    return bound


def reserve(settings: Settings, port: int, key: str) -> socket.socket:
    """Keep a port for whoever listens at it with `SO_REUSEPORT`; this socket does not, so it is dealt no connection.

    Raises:
        MainlineError: when the address cannot be used; it names the key that declares it.
    """
    held = _bind(settings, port, key=key)
    _share(held)
    return held


def url(settings: Settings, port: int) -> str:
    """Return the address of the service as a browser takes it."""
    return f"{'https' if settings.tls else 'http'}://{written(settings.host, port)}"


def written(host: str, port: int) -> str:
    """Write an address: one of IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bind(settings: Settings, port: int, shared: bool = False, key: str = "service.port") -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if shared:
            _share(bound)
        bound.bind((settings.host, port))
    except OSError as error:
        bound.close()
        raise _explain(settings, error, port, key) from error
    return bound


def _share(listening: socket.socket) -> None:
    """Let other sockets of this user listen at the same address."""
    if not hasattr(socket, "SO_REUSEPORT"):
        raise MainlineError("this system cannot share a port among processes. Declare service.workers: 1.")
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def _explain(settings: Settings, error: OSError, port: int, key: str) -> MainlineError:
    if error.errno == errno.EADDRNOTAVAIL:
        remedy = "Declare a service.host that this machine has, such as '::1' where there is IPv6 alone."
    else:
        remedy = f"End what listens there, or declare another {key}."
    return MainlineError(f"cannot listen on {settings.host}:{port} ({error.strerror}). {remedy}")
