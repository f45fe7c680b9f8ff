"""`lineage` as text and as JSON."""

import json

from mainline.commands.lineage import lineage
from tests.mainline.registry.registries import Registry, digest

LOCK = """schema: '2.0'
stages:
  train:
    cmd: python
    params:
      params.yaml:
        data: {from: 2013-01, through: 2013-03}
        features: [carrier, origin]
        since: 2013-01-01
    outs:
    - path: models/package
      hash: md5
      md5: 11112222333344445555666677778888.dir
      size: 1234567
      nfiles: 18
"""


def test_the_text_goes_from_the_version_back_to_all_of_it(empty: Registry) -> None:
    """One section for each kind of origin, in the order in which a person asks."""
    commit = empty.commit(1, "Train", author=0.5, dvc_dot_lock=LOCK)
    signature = {"verificationMaterial": {"publicKey": {"hint": "4f5e"}}}
    run = {"stage": "train", "started": "2026-01-01T00:00:00Z", "seconds": 8.3, "peak_memory_mib": 552, "by": "Ada",
           "machine": "Linux x86_64"}  # fmt: skip
    empty.register("v1.0.0", 2, signature=signature, runs=[run])
    empty.assign("v1.0.0", 3)
    assert (
        lineage("v1.0.0", False, empty.path)
        == f"""
v1.0.0, package digest {digest("v1.0.0")}

Commit
  commit      {commit}
  subject     Train
  author      Ada, 2026-01-01 12:00 UTC
  registered  Ada, 2026-01-03 00:00 UTC
  replaced    -
  change      minor: model.params

Data
  train  2013-01
  test   2013-03
  made            md5                                       bytes  files
  models/package  11112222333344445555666677778888.dir  1,234,567     18

Parameters
  data.from     2013-01
  data.through  2013-03
  features      carrier, origin
  since         2013-01-01

Environment
  requirements/pipeline.txt  sha256 -

Stages
  stage  started UTC           took   memory  by   on
  train  2026-01-01T00:00:00Z   8 s  552 MiB  Ada  Linux x86_64

Metrics
        test  baseline
  rows   100       100
  rmse    14        17

Gate
  verdict   pass
  headline  It may be released.

Signature
  signed, key 4f5e (not verified here)

Environments
  environment  #  from UTC          until UTC  by     why      replaced
  production   1  2026-01-04 00:00  now        Grace  release  -"""
    )


def test_the_json_has_the_same_with_times_in_utc(empty: Registry) -> None:
    """Whatever YAML makes of a parameter is written, and an assignment without an end has null."""
    empty.commit(1, "Train", dvc_dot_lock=LOCK)
    empty.register("v1.0.0", 2)
    empty.assign("v1.0.0", 3)
    told = json.loads(lineage("v1.0.0", True, empty.path))
    assert (told["registered"], told["commit"]["when"]) == ("2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z")
    assert told["parameters"]["since"] == "2013-01-01"
    assert told["signature"] == {"signed": False, "key": None}
    assert [(item["when"], item["until"]) for item in told["assignments"]] == [("2026-01-04T00:00:00Z", None)]


def test_what_is_not_known_is_a_dash(empty: Registry) -> None:
    """A version by hand at a commit without results has every section, and nothing made up in it."""
    empty.git("tag", "model@v1.0.0")
    empty.tag("model@v1.0.0!", 1, "archived")
    text = lineage("v1.0.0", False, empty.path)
    assert text.startswith("\nv1.0.0, archived, package digest -\n")
    sections = dict(part.split("\n", 1) for part in text.split("\n\n")[1:])
    assert {name for name, content in sections.items() if content == "  -"} == {
        "Data", "Parameters", "Stages", "Metrics", "Signature",
    }  # fmt: skip
    assert sections["Environments"] == "  no environment had it"
