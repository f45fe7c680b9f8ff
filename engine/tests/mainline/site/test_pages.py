"""What the pages of the site say."""

import re

import pytest

from mainline.registry import delivery_table
from mainline.site import guides, pages, record
from tests.mainline.registry.registries import Registry, digest
from tests.mainline.report import examples
from tests.mainline.site import world

_TAG = re.compile(r"<[^>]+>")


def words(path: str) -> str:
    """Return what a page shows, without its tags."""
    body = world.read(path).partition("<body>")[2]
    return " ".join(_TAG.sub(" ", body).split())


def test_the_first_page_says_what_each_environment_has(released: Registry) -> None:
    """Production and staging with their version and since when, the last releases, and alarms that are open."""
    world.monitor(released, world.look())
    world.build()
    said = words("index.html")
    assert "v1.2.0 in production 3 versions, 2 environments, 1 open alarm." in said
    assert "production v1.2.0 since 2026-01-13 00:00 UTC, release 1 open alarm , looked at 2026-01-15" in said
    assert "staging v1.2.0 since 2026-01-13 12:00 UTC, release Nobody has shared what monitoring saw." in said
    assert "alarm production , unseen values of v1.2.0 since 2026-01-14 carrier: 3.0% · limit: 1.0%" in said
    assert "v1.2.0 2026-01-13 rmse 14.00 0.0 % production, staging Train v1.2.0" in said


def test_alarms_that_are_over_are_still_told(released: Registry) -> None:
    """When each was seen first, when it was closed and how, the newest first; the first page counts them."""
    world.monitor(released, world.look(), world.past())
    world.build()
    said = words("monitoring/production.html")
    assert "opened closed version check observed how it ended" in said
    newer, older = "2026-01-14 open v1.2.0 unseen values carrier: 3.0%", "2026-01-08 2026-01-11 v1.1.0 bias +7.2 min"
    assert -1 < said.index(newer) < said.index(older)
    assert "v1.2.0 answers in its place." in said
    assert "1 open alarm of 2 so far, looked at 2026-01-15" in words("index.html")


def test_a_change_on_other_rows_says_so(released: Registry) -> None:
    """A star is explained below the table, and only where there is one."""
    world.build()
    assert "* Nothing says that both were tested on the same rows" not in words("versions.html")
    released.release("v1.3.0", 20, window={"test": ["2013-04"]})
    world.build()
    assert "0.0 %*" in words("versions.html")
    assert "* Nothing says that both were tested on the same rows" in words("versions.html")


def test_a_merged_pull_request_goes_by_its_title(released: Registry) -> None:
    """The subject of GitHub's merge names a branch, which says nothing of what was changed."""
    world.release(released, "v1.3.0", 20, subject="Merge pull request #7 from ada/try-2\n\nLet trees be deeper (#7)")
    world.build()
    assert "production Let trees be deeper (#7)" in words("versions.html")
    assert "subject Let trees be deeper (#7) author" in words("versions/v1.3.0.html")


@pytest.mark.usefixtures("released")
def test_a_version_has_its_metrics_with_intervals() -> None:
    """The test's interval, the worst segments with theirs but no thin one, and the change against the one before."""
    world.build()
    said = words("versions/v1.2.0.html")
    assert "95 % interval of the test's rmse : 12.00 to 16.00." in said
    assert "carrier 9E 1,468 15.05 13.54 to 16.43 17.72" in said
    assert "LGA" not in said
    assert "Against v1.0.0: 0.0 % (on the same rows; less is better)." in said


def test_a_version_says_where_it_comes_from_and_where_it_was(released: Registry) -> None:
    """Its commit and author, its package, the version it replaced as a link, its assignments and what servers told."""
    world.build()
    page, said = world.read("versions/v1.1.0.html"), words("versions/v1.1.0.html")
    assert f"commit {released.commits['v1.1.0']} subject Train v1.1.0 author Ada , 2026-01-06 00:00 UTC" in said
    assert digest("v1.1.0") in said
    assert '<a href="v1.0.0.html">v1.0.0</a>' in page
    assert "production #2 2026-01-07 00:00 2026-01-08 00:00 release Grace" in said
    assert "production , 2026-01-07 12:00 UTC: aborted." in said


@pytest.mark.usefixtures("released")
def test_a_version_without_a_card_says_what_is_missing() -> None:
    """Nothing is made up: the page names the file that has nothing, and the command that brings the whole card."""
    world.build()
    said = words("versions/v1.0.0.html")
    assert "Nobody said anything in src/usecase/card.yaml ." in said
    assert "./mainline evidence VERSION --publish" in said


def test_published_evidence_is_shown_and_can_be_taken(released: Registry) -> None:
    """The card is a part of the version's page; each document is in the site as it was published."""
    world.keep(
        released, "evidence/releases", {"model/v1.2.0/README.md": world.CARD, "model/v1.2.0/verdicts.json": "{}"}
    )
    world.build()
    page = world.read("versions/v1.2.0.html")
    assert '<h3 id="card-of-the-model">Card of the model</h3>\n<p>It says <strong>how late</strong>.</p>' in page
    assert '<a href="v1.2.0/verdicts.json">' in page
    assert (world.read("versions/v1.2.0/verdicts.json"), world.read("versions/v1.2.0/README.md")) == ("{}", world.CARD)
    assert "license" not in page


def test_a_version_has_the_whole_report_of_its_gate(released: Registry) -> None:
    """As the pull request's report is: checks with limits, segments, changes; the version's page leads to it."""
    world.keep(released, "evidence/releases", world.report("v1.2.0"))
    world.build()
    assert '<a href="v1.2.0/report.html">' in world.read("versions/v1.2.0.html")
    said = words("versions/v1.2.0/report.html")
    assert "It may be released. Candidate" in said
    assert "finite predictions" in said
    assert "carrier 9E" in said
    assert '<a href="../v1.2.0.html">' in world.read("versions/v1.2.0/report.html")
    assert '<a href="versions/v1.2.0/report.html">' in world.read("search.html")


def test_a_version_without_a_report_says_so(released: Registry) -> None:
    """A report is of one package: the others have none, and no page of one."""
    world.keep(released, "evidence/releases", world.report("v1.2.0"))
    world.build()
    assert "Nobody kept it. The tag has the verdict and the sentence above." in words("versions/v1.0.0.html")
    assert not (world.SITE / "versions/v1.0.0/report.html").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "do not fit their schema"),
        (examples.passing(headline="It is wonderful.").model_dump_json(), "is not what the version&#x27;s tag says"),
        ("", ""),
    ],
    ids=["no report", "another sentence", "the right one"],
)
def test_a_report_that_the_tag_contradicts_is_not_shown(released: Registry, content: str, said: str) -> None:
    """Who may push to the branch of evidence cannot put words into the gate's mouth."""
    world.keep(released, "evidence/releases", world.report("v1.2.0", content))
    world.build()
    shown = words("versions/v1.2.0/report.html")
    assert said in shown
    assert ("This report is not shown" in shown) == bool(said)
    assert "wonderful" not in shown


def test_tries_stand_side_by_side_and_what_was_released_is_marked(released: Registry) -> None:
    """The best first, one that has no metric last; a search is marked by parameters, an experiment by its model."""
    world.tune(released)
    world.build()
    page = world.read("experiments.html")
    said = words("experiments.html").translate({0xA0: " ", 0x2212: "-", 0x2013: "?"})
    assert "2 v1.3.0 5.0 15.00 -8.0 % -10.0 to -5.0 % 4.000 0 3 16.30 0.0 %" in said
    assert said.index("0 3 16.30") < said.index("1 4 ? ? ?")
    assert "tidy-mole v1.3.0 f00d 15.50 -3.0 % -4.0 to -2.0 % better depth 3 -&gt; 5" in said
    assert page.count('<td><a href="versions/v1.3.0.html"') == 2
    assert "<b>" not in page


@pytest.mark.usefixtures("released")
def test_without_tries_the_page_says_how_to_record_them() -> None:
    """A repository in which nobody searched has a page that names the commands."""
    world.build()
    assert "./mainline experiments --write write them." in words("experiments.html")


@pytest.mark.usefixtures("released")
def test_an_environment_lists_all_it_had() -> None:
    """Each assignment with its reason, newest first, and each event of a server."""
    world.build()
    said = words("environments/production.html")
    assert said.index("4 v1.2.0") < said.index("3 v1.0.0 2026-01-08 00:00 2026-01-13 00:00 rollback Grace")
    assert "2026-01-07 12:00 v1.1.0 aborted" in said


@pytest.mark.usefixtures("released")
def test_delivery_has_the_figures_of_the_command() -> None:
    """They have the command's names, and staging has a column of its own."""
    world.build()
    said = words("delivery.html")
    assert "deployments 4 1" in said
    assert "rollback rate 25% (1 of 4) 0% (0 of 1)" in said
    assert "recovery time, median 24.0 h" in said
    assert [name for name in delivery_table.ROWS if name not in said] == []


@pytest.mark.usefixtures("released")
def test_metrics_are_drawn_with_their_intervals() -> None:
    """A dot for each version and a line for its interval, and the value in words for those who cannot see it."""
    world.build()
    page = world.read("metrics.html")
    assert (page.count("<circle"), page.count('class="whisker"')) == (3, 3)
    assert "<title>v1.1.0: 14.00, 12.00 to 16.00</title>" in page


@pytest.mark.usefixtures("released")
def test_guides_lead_to_each_other() -> None:
    """A link to a guide leads to its page, one to the web stays, one to nowhere is text; HTML is shown as text."""
    world.build()
    page = world.read("guides/engine-docs-release.html")
    assert '<a href="engine-docs-gate.html#limits">the gate</a>' in page
    assert '<a href="https://example.org/">elsewhere</a>' in page
    assert "<span>a file</span>" in page
    assert "[nothing](x:y)" in page or "<span>nothing</span>" in page
    assert '<img src="engine-docs-shown.svg" alt="A picture" />' in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert world.read("guides/engine-docs-shown.svg") == world.PICTURE


def test_each_guide_has_a_page_of_its_own(released: Registry) -> None:
    """Also of paths that differ in nothing but a folder, a hyphen or a character that no address has."""
    paths = ("docs/a-b", "docs/a/b", "docs/a b", "docs/a?b", "docs/a~b", "docs/a+b")
    for path in paths:
        file = released.path / f"{path}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# Guide of {path}\n")
    released.git("add", "docs")
    released.git("commit", "-m", "Write guides")
    world.build()
    for path in paths:
        assert f"Guide of {path}" in words(guides.place(f"{path}.md"))


@pytest.mark.usefixtures("released")
def test_search_finds_versions_guides_and_their_parts() -> None:
    """Everything is listed with the words that it is found by, and without a script the list is whole."""
    world.build()
    page = world.read("search.html")
    assert re.search(
        r'<li data-words="[^"]*xylophones[^"]*"><a href="guides/engine-docs-release.html#a-part-of-it">', page
    )
    assert re.search(r'<li data-words="v1.1.0: train v1.1.0 [^"]*ada[^"]*"><a href="versions/v1.1.0.html">', page)
    assert '<form id="form" hidden' in page


def test_every_link_of_the_site_leads_somewhere(released: Registry) -> None:
    """No page links to a file that is not there, or to a heading that its page does not have."""
    world.monitor(released, world.look())
    world.keep(released, "evidence/releases", {"model/v1.2.0/README.md": world.CARD})
    world.build()
    root = world.SITE
    for page in root.rglob("*.html"):
        for target in re.findall(r'(?:href|src)="([^"]+)"', page.read_text(encoding="utf-8")):
            if target.startswith("https://"):
                continue
            file, _, name = target.partition("#")
            there = (page.parent / file).resolve() if file else page.resolve()
            assert there.is_file(), (page, target)
            assert not name or f'id="{name}"' in there.read_text(encoding="utf-8"), (page, target)


def test_a_project_without_a_version_has_a_site(released: Registry) -> None:
    """Before the first release each page is there and says what comes next."""
    for name in released.git("tag").split():
        released.git("tag", "--delete", name)
    world.build()
    assert "Before the first release Nothing is released yet" in words("index.html")
    assert '<header class="unknown">' in world.read("index.html")
    assert "No version has a record of its metrics." in words("metrics.html")
    assert "Nothing was deployed yet." in words("delivery.html")


@pytest.mark.parametrize("damage", ["{", '{"format": 1}'])
def test_a_look_that_cannot_be_read_is_none(released: Registry, damage: str) -> None:
    """Whoever may push to the branch of monitoring cannot keep the site from being built."""
    world.keep(released, "monitoring/production", {"monitoring.json": damage})
    found = record.read()
    assert [one.monitored for one in found.environments] == [None, None]
    assert [page.path for page in pages.of(found, None, world.END) if page.path.startswith("monitoring/")] == []


def test_file_of_previews_is_not_an_environment(released: Registry) -> None:
    """The site lists what has versions, or could have one."""
    released.commit(13, "Declare previews", None, deploy__preview_dot_yaml="preview: {most: 2}\n")
    assert [one.name for one in record.read().environments] == ["production", "staging"]
