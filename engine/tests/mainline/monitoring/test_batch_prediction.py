"""Files that are predicted: where predictions may go."""

from pathlib import Path

import pytest

from mainline.declared.monitoring import Monitoring
from mainline.errors import MainlineError
from mainline.monitoring import batch_prediction

LOCK = """\
schema: '2.0'
stages:
  ingest:
    cmd: ingest
    outs:
    - path: data/raw
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 1
      nfiles: 1
"""


def test_predictions_are_not_put_among_what_the_pipeline_made(
    package_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a batch of the pipeline's own, DVC would count predictions as data; another folder is asked for."""
    monkeypatch.chdir(tmp_path)
    Path("dvc.lock").write_text(LOCK)
    source = Path("data/raw/flights/2013-09.parquet")
    source.parent.mkdir(parents=True)
    source.write_bytes(b"")
    with pytest.raises(MainlineError, match=r"lies in data/raw, .* another folder: --output 2013-09\.predictions\."):
        batch_prediction.predict(package_dir, [source], None, Monitoring(), raw=False, slack=None)
    assert list(source.parent.iterdir()) == [source]
    with pytest.raises(MainlineError, match=r"2013-09\.parquet"):  # goes on, and then finds that the file is empty
        batch_prediction.predict(package_dir, [source], Path("predictions"), Monitoring(), raw=False, slack=None)
