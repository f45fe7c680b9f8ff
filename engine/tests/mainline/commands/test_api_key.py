"""`key`: makes keys that a server with the same settings knows."""

from pathlib import Path

import pytest

from mainline.__main__ import main
from mainline.declared.service import Throttle
from mainline.serving.answering import keys


@pytest.mark.parametrize(("options", "role"), [([], "predict"), (["--admin"], "admin")])
def test_key_is_printed_once_and_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], role: str
) -> None:
    """The key on the terminal opens what its role may; the file that the settings name holds its hash alone."""
    settings, file = tmp_path / "production.yaml", tmp_path / "held" / "keys.yaml"
    settings.write_text(f"service: {{keys: {file}}}")
    assert main(["api-key", "laptop", *options, "--settings", str(settings)]) == 0
    key, explanation = capsys.readouterr().out.splitlines()
    assert str(file) in explanation
    found = keys.load(file, Throttle()).find(f"Bearer {key}".encode())
    assert found is not None
    assert (found.name, found.role) == ("laptop", role)
    assert key not in file.read_text()


def test_name_that_is_not_plain_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name with spaces is one line of what is wrong, and no key."""
    settings = tmp_path / "production.yaml"
    settings.write_text(f"service: {{keys: {tmp_path / 'keys.yaml'}}}")
    assert main(["api-key", "my laptop", "--settings", str(settings)]) == 1
    assert "key.name: is 'my laptop'" in capsys.readouterr().err
