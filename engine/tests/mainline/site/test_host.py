"""`./mainline site` and `./mainline open` as they are typed."""

import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from mainline.__main__ import main


@pytest.mark.usefixtures("released")
def test_the_command_builds_where_git_does_not_look(capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the page to open, and how much was made."""
    assert main(["site", "--no-score"]) == 0
    assert re.fullmatch(r"build/site/index.html: (\d+) pages, \1 of them made now.\n", capsys.readouterr().out)
    assert main(["site", "--no-score"]) == 0
    assert "0 of them made now" in capsys.readouterr().out


@pytest.mark.usefixtures("released")
def test_open_answers_at_this_machine_alone_and_ends() -> None:
    """Without a screen it prints the address, answers there and by no stranger's name; a signal ends it."""
    command = [sys.executable, "-P", "-m", "mainline", "open", "--no-score", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            found = re.fullmatch(r"(http://127\.0\.0\.1:\d+/) shows build/site\. Ctrl-C ends it\.\n", said)
            assert found, said
            with urllib.request.urlopen(found[1], timeout=60) as answer:  # noqa: S310 - it is http
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert b"v1.2.0" in answer.read()
            led_here = urllib.request.Request(found[1], headers={"Host": "stranger.example"})  # noqa: S310 - as above
            with pytest.raises(urllib.error.HTTPError, match="421"):
                urllib.request.urlopen(led_here, timeout=60)  # noqa: S310 - as above
        finally:
            server.terminate()
            server.wait(60)


@pytest.mark.usefixtures("released")
def test_a_taken_port_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["open", "--no-score", "--no-browser", "--port", str(port)]) == 1
    assert f"port {port} of 127.0.0.1 cannot be had" in capsys.readouterr().err
