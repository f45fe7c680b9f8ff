"""Real proxies in front of a server: they show it under a prefix, keep connections to it, and pass `Upgrade` on.

Both let nobody ask for the path `/hidden`, so a request for it that the server sees was hidden from the proxy.
"""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mainline.serving.running import free_port, wait_for

PREFIX = "/flights"
NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {site}
}}
"""
"""nginx in the foreground, writing nowhere but into a folder; what it does with requests is in `site`."""
SITE = """
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream service {{ server 127.0.0.1:{to}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    location = {prefix}/hidden {{ return 403; }}
    location {prefix}/ {{
      proxy_pass http://service/; proxy_http_version 1.1; proxy_next_upstream off;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }}
  }}
"""
"""Takes the prefix away, and passes on the wish for a WebSocket as nginx' own guide does."""
HAPROXY = """
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server 30s
  http-reuse always
frontend clients
  bind 127.0.0.1:{port}
  http-request deny if {{ path {prefix}/hidden }}
  default_backend service
backend service
  server service 127.0.0.1:{to}
"""
"""Leaves the prefix in the path."""


@contextmanager
def proxy(name: str, to: int, folder: Path) -> Iterator[int]:
    """Run nginx or HAProxy in front of a port; yield its own. Without the program the test is skipped."""
    port = free_port()
    text = {"nginx": SITE, "haproxy": HAPROXY}[name].format(port=port, to=to, prefix=PREFIX)
    with nginx(text, port, folder) if name == "nginx" else _started(name, text, port, folder):
        yield port


@contextmanager
def nginx(site: str, port: int, folder: Path) -> Iterator[None]:
    """Run nginx with a site that listens at a port until the block ends. Without nginx the test is skipped."""
    with _started("nginx", NGINX.format(folder=folder, site=site), port, folder):
        yield


@contextmanager
def _started(name: str, text: str, port: int, folder: Path) -> Iterator[None]:
    """Run a proxy by its configuration until the block ends; skip the test if it is not installed."""
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None:
        pytest.skip(f"{name} is not installed; `apt-get install {name}` brings it")
    folder.mkdir(parents=True)
    file = folder / "configuration"
    file.write_text(text.lstrip())
    options = ["-p", str(folder), "-c", str(file)] if name == "nginx" else ["-db", "-f", str(file)]
    with (folder / "output").open("w") as output:
        process = subprocess.Popen([program, *options], stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None, (folder / "output").read_text()
        yield
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
