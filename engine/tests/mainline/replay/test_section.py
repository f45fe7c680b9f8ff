"""The section says what was found, in each form, and never more than it knows."""

import json
import re

import pytest

from mainline.replay import console, finding, section
from mainline.replay.finding import ReplayError
from mainline.report import markdown, page, sections
from tests.mainline.replay import examples
from tests.mainline.report import examples as gates


def _markdown(**changes: object) -> str:
    return markdown.write(section.alone(examples.found(answers=examples.answers(**changes))))


def test_what_moved_is_the_first_sentence() -> None:
    """How many of how many, by more than what, of which requests, and how many decisions change."""
    text = _markdown()
    assert "**1,842 of 10,000 answers** (18.42\N{NO-BREAK SPACE}%) would move by more than `5 minutes`" in text
    assert "the last requests that `production` had, 2013-09-18 to 2013-09-30" in text
    assert "**311 decisions** (3.11\N{NO-BREAK SPACE}%) would change, at `15`." in text


def test_without_a_threshold_nothing_is_said_of_decisions() -> None:
    """A number that nobody decides by has none."""
    assert "decisions**" not in _markdown(threshold="")


def test_the_truth_is_said_with_its_interval() -> None:
    """Both metrics, the relative difference, and what it shows."""
    text = _markdown()
    assert "On the 9,120 requests whose truth is known by now, of 12 days: `rmse` 13.90 against 14.60" in text
    assert "**better**." in text


def test_answers_that_did_not_come_out_again_are_said() -> None:
    """Whoever reads it knows that both versions were computed."""
    text = _markdown(again=900, is_logged=False)
    assert "900 of 1,000 logged answers came out again when asked once more, so those of both versions" in text


def test_a_reason_is_one_line() -> None:
    """A fork without a log has one sentence in its comment."""
    text = markdown.write(section.add(sections.describe(gates.passing()), "there is no log."))
    assert re.findall(r"^No replay: .*$", text, re.M) == ["No replay: there is no log."]


def test_the_section_stands_before_plots_and_features() -> None:
    """What is read comes before what is looked up."""
    whole = section.add(sections.describe(gates.passing()), examples.found())
    names = [one.name for one in whole.sections]
    assert names.index("replay") == names.index("plots and features") - 1


@pytest.mark.parametrize("text", ["<b>x</b>", "a](http://x)", "@everyone", "`x`", "| x |"])
def test_what_a_client_sent_is_text(text: str) -> None:
    """Values of requests come from anywhere: none becomes a link, a mention, or HTML."""
    row = (
        examples.answers()
        .rows[0]
        .model_copy(update={"before": text, "request": [finding.Given(field="a", value=text)]})
    )
    document = section.alone(examples.found(answers=examples.answers(rows=[row])))
    assert "<b>x" not in page.write(document)
    plain = re.sub(r"(`+).*?\1", "", markdown.write(document))
    assert text not in plain


def test_a_terminal_shows_the_same_figures() -> None:
    """Sentence, segments and requests, as wide as the terminal is."""
    text = console.render(examples.found())
    for part in ("1,842 of 10,000 answers", "origin JFK", "45.48 %", "requests that would move most", "rmse 13.90"):
        assert part in " ".join(text.split())


def test_a_document_is_read_as_it_was_written() -> None:
    """Through JSON and back it is the same."""
    found = examples.found()
    assert finding.read(found.model_dump_json().encode()) == found


@pytest.mark.parametrize("change", [{"format": 2}, {"more": 1}, {"digest": "x"}, {"environment": "e" * 200}])
def test_another_document_is_refused_without_repeating_it(change: dict[str, object]) -> None:
    """It may come from a stranger."""
    content = json.dumps({**json.loads(examples.found().model_dump_json()), **change}).encode()
    with pytest.raises(ReplayError, match=r"^the replay is not what `./mainline replay` writes: \d+ faults\.$"):
        finding.read(content)


def test_a_document_that_is_too_large_is_refused() -> None:
    """Before it is parsed."""
    with pytest.raises(ReplayError, match="larger than 200,000 bytes"):
        finding.read(b" " * (finding.MAX_BYTES + 1))
