"""Messages about alarms: each change once, to a real receiver that may be away, refuse, redirect or hang."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.monitoring import Monitoring, Notify
from mainline.declared.reading import check_section
from mainline.errors import ParamsError
from mainline.monitoring import alarms, notices, webhook
from mainline.monitoring.alarms import Line
from mainline.monitoring.result import Version
from mainline.monitoring.store import Store
from tests.mainline.monitoring import looks
from tests.receiver import Receiver, receiving

GENERIC = Notify(form="generic", url_from="MAINLINE_WEBHOOK")
SLACK = Notify(form="slack", url_from="MAINLINE_SLACK_URL")
FAILS, PASSES = looks.version(whole_numbers="fail"), looks.version(whole_numbers="pass")


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver whose address the variables hold."""
    with receiving() as found:
        for address in (GENERIC, SLACK):
            monkeypatch.setenv(address.url_from, found.url)
        yield found


def look(store: Store, day: str, version: Version, *to: Notify) -> list[Line]:
    """Look at production on a day, as the command does: alarms first, then messages."""
    found = looks.look(day, version)
    lines = alarms.read(store.alarms())
    lines += alarms.update(lines, found, 3)
    store.keep_alarms(alarms.write(lines))
    told = alarms.read(store.alarms())
    notices.send(store, "production", told, found.until, to or (GENERIC,))
    return told


def test_each_change_of_an_alarm_is_told_once(receiver: Receiver, store: Store) -> None:
    """It opens, passes, fails again and closes, each looked at twice: a message for each, none twice."""
    for day, version in (("07", FAILS), ("07", FAILS), ("08", PASSES), ("08", PASSES), ("09", FAILS), ("10", PASSES),
                         ("13", PASSES), ("14", PASSES), ("15", FAILS)):  # fmt: skip
        look(store, f"2013-10-{day}", version)
    events = [message["event"] for message in receiver.taken]
    assert events == ["opened", "passed", "failed", "passed", "closed", "opened"]
    assert len({message["id"] for message in receiver.taken}) == 6
    first = receiver.taken[0]
    assert {name: first[name] for name in ("environment", "version", "check", "observed", "limit", "since")} == {
        "environment": "production", "version": "v1.0.0", "check": "whole numbers", "observed": "3.0%", "limit": "1.0%",
        "since": "2013-10-07T12:00:00Z",
    }  # fmt: skip
    assert first["text"].splitlines()[0] == (
        "Alarm in production: v1.0.0 is sent fractions of what was whole in training (whole numbers)"
    )


def test_message_that_was_not_taken_comes_at_the_next_look(
    receiver: Receiver, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """A receiver that refuses gets the message once it takes some again, and then those behind it."""
    receiver.answers = [503, 500]
    look(store, "2013-10-07", FAILS)
    look(store, "2013-10-08", PASSES)
    assert receiver.taken == []
    said = capsys.readouterr().out
    assert "Not told to generic (MAINLINE_WEBHOOK): it answered 503. It is tried again at the next look." in said
    look(store, "2013-10-09", PASSES)
    look(store, "2013-10-09", PASSES)
    assert [message["event"] for message in receiver.taken] == ["opened", "passed"]


def test_one_address_that_is_away_keeps_no_other_from_its_messages(
    receiver: Receiver, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each address has its own account of what it got."""
    monkeypatch.setenv(SLACK.url_from, "http://127.0.0.1:9/")
    look(store, "2013-10-07", FAILS, SLACK, GENERIC)
    assert [message["event"] for message in receiver.taken] == ["opened"]
    monkeypatch.setenv(SLACK.url_from, receiver.url)
    look(store, "2013-10-07", FAILS, SLACK, GENERIC)
    assert [sorted(message) for message in receiver.taken[1:]] == [sorted(notices._slack("", _notice("x")))]


def test_machines_that_saw_the_same_tell_it_once(receiver: Receiver, store: Store, tmp_path: Path) -> None:
    """Two machines open one alarm at two moments; once their accounts are added up nothing is told again."""
    other = Store(tmp_path / "other")
    look(store, "2013-10-07", FAILS)
    later = alarms.read(store.alarms())[0].model_copy(update={"time": "2013-10-07T13:00:00Z"})
    other.keep_alarms(alarms.join(store.alarms(), alarms.write([later])))
    other.keep_notified(notices.join(store.notified(), b"nonsense\n", other.notified()))
    look(other, "2013-10-08", FAILS)
    assert [message["event"] for message in receiver.taken] == ["opened"]


def test_what_happens_twice_on_a_day_is_told_twice(store: Store, receiver: Receiver) -> None:
    """An alarm that fails and passes several times between two midnights has an id for each change."""
    first = look(store, "2013-10-07", FAILS)[0]
    events = ("opened", "passed", "failed", "passed", "failed")
    lines = [first.model_copy(update={"event": event, "time": f"2013-10-07T{12 + hour}:00:00Z"})
             for hour, event in enumerate(events)]  # fmt: skip
    found = list(notices.of_lines(lines))
    assert [notice.line.event for notice in found] == list(events)
    assert len({notice.id for notice in found}) == len(events)
    assert found[0].id == receiver.taken[0]["id"]


def test_change_keeps_its_id_when_lines_of_long_ago_are_forgotten(receiver: Receiver, store: Store) -> None:
    """The branch forgets alarms that ended long ago; what was told of a later one is not told again."""
    for day, version in (("2012-10-01", FAILS), ("2012-10-02", PASSES), ("2012-10-06", PASSES), ("2013-10-07", FAILS)):
        look(store, day, version)
    store.keep_alarms(alarms.write(line for line in alarms.read(store.alarms()) if line.time > "2013"))
    receiver.taken.clear()
    look(store, "2013-10-08", FAILS)
    assert receiver.taken == []


def test_old_news_is_told_to_nobody(receiver: Receiver, store: Store) -> None:
    """An address that is declared today does not get the alarms of last month."""
    look(store, "2013-09-01", FAILS, GENERIC)
    receiver.taken.clear()
    look(store, "2013-10-07", FAILS, SLACK, GENERIC)
    assert receiver.taken == []


@pytest.mark.parametrize("status", [302, 307])
def test_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    """A message goes to the declared address or nowhere: the receiver that is pointed at gets nothing."""
    with receiving() as elsewhere:
        receiver.answers, receiver.moved = [elsewhere.url], status
        said = webhook.post(receiver.url, {"a": 1})
        assert (said, elsewhere.asked) == (f"it answered {status}, which points elsewhere and is not followed", [])


def test_receiver_that_hangs_costs_no_more_than_the_limit(receiver: Receiver) -> None:
    """Without an answer the message counts as not sent, and the look goes on."""
    receiver.answers = [0]
    assert webhook.post(receiver.url, {"a": 1}, seconds=0.3) in (
        "no answer within 0.3 s", "it did not answer (timed out)", "it cannot be reached (timed out)",
    )  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/services/SECRET", "file:///SECRET", "https://127.0.0.1:9/SECRET SECRET", "SECRET", "http://[SECRET",
     "http://SECRET.invalid:99999/SECRET"],
)  # fmt: skip
def test_what_goes_wrong_never_says_the_address(url: str) -> None:
    """Whatever an address is, the line about it has no part of it that is secret."""
    said = webhook.post(url, {"a": 1})
    assert said
    assert "SECRET" not in said


def test_variable_that_is_not_set_is_said_only_if_there_is_news(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine without the secret is quiet until it has something to tell; then one line names the variable."""
    monkeypatch.delenv(GENERIC.url_from, raising=False)
    look(store, "2013-10-07", PASSES)
    assert capsys.readouterr().out == ""
    look(store, "2013-10-08", FAILS)
    assert "the variable MAINLINE_WEBHOOK is not set here" in capsys.readouterr().out


def test_hostile_text_calls_nobody_in_slack() -> None:
    """Slack's mark-up for calls, links and entities is text; nothing that is hidden or breaks the line passes."""
    message = notices._slack("production", _notice("<!channel> @here @channel <@U1> <http://evil|x> &lt; *b*\x1b[0m"))
    text = message["text"]
    assert "<" not in text.replace("&lt;", "")
    assert "&lt;!channel&gt; @\u200bhere @\u200bchannel &lt;@\u200bU1&gt;" in text
    assert "&amp;lt;" in text
    assert "\x1b" not in text
    assert (message["mrkdwn"], message["link_names"], message["parse"]) == (False, False, "none")


@pytest.mark.parametrize("name", ["https://hooks.slack.com/services/T0", "lower", "", "A B"])
def test_address_itself_is_not_declared(name: str) -> None:
    """Git holds the name of a variable, never a URL."""
    with pytest.raises(ParamsError, match=r"monitoring.notify.*url_from"):
        check_section(Monitoring, {"notify": [{"form": "slack", "url_from": name}]}, "monitoring", "deploy/x.yaml")


def test_two_jobs_at_once_lose_no_entry(store: Store) -> None:
    """What two jobs note of what they sent, and of alarms, adds up whoever writes first."""
    beside = Store(store.folder)
    days = [f"2013-10-{day:02d}" for day in range(1, 29)]

    def note(own: Store, address: Notify) -> None:
        for number, day in enumerate(days):
            lines = alarms.update([], looks.look(day, looks.version(**dict[str, Any]({address.form: "fail"}))), 3)
            alarms.add(own, lines)
            notices.add(own, [notices.Sent(to=address.name, id=f"{number:016x}")])

    jobs = [threading.Thread(target=note, args=pair) for pair in ((store, GENERIC), (beside, SLACK))]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(notices.read(store.notified())) == len(alarms.read(store.alarms())) == 2 * len(days)


def test_what_was_sent_is_forgotten_once_its_news_is_old(receiver: Receiver, store: Store) -> None:
    """The list of sent messages does not grow for ever, and what may still be sent is not sent twice."""
    look(store, "2013-08-01", FAILS)
    look(store, "2013-08-02", PASSES)
    assert len(notices.read(store.notified())) == 2
    look(store, "2013-10-07", FAILS)
    look(store, "2013-10-08", FAILS)
    assert [message["event"] for message in receiver.taken] == ["opened", "passed", "failed"]
    assert len(notices.read(store.notified())) == 1


def test_receiver_that_never_ends_is_not_asked_again_meanwhile(receiver: Receiver) -> None:
    """Each look costs at most the limit, and no thread and connection more: the first one still waits."""
    receiver.answers = [-1]
    before = threading.active_count()
    said = [webhook.post(receiver.url, {"a": 1}, seconds=3) for _ in range(3)]
    assert said == ["no answer within 3 s", *["the message before this one has no answer yet"] * 2]
    deadline = time.monotonic() + 60
    while not receiver.asked and time.monotonic() < deadline:  # the message may be sent after its limit
        time.sleep(0.05)
    assert len(receiver.asked) == 1
    assert threading.active_count() <= before + 2, "the one that waits, and the receiver's own"
    receiver.ended.set()
    deadline = time.monotonic() + 60
    while webhook.post(receiver.url, {"a": 1}) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert receiver.taken == [{"a": 1}]


def test_process_ends_although_a_receiver_never_answers(receiver: Receiver) -> None:
    """What waits for an answer keeps no process alive."""
    receiver.answers = [-1]
    code = f"from mainline.monitoring import webhook; print(webhook.post({receiver.url!r}, {{}}, 3))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert (finished.returncode, finished.stdout) == (0, "no answer within 3 s\n")


def _notice(text: str) -> notices.Notice:
    line = Line(time="2013-10-07T12:00:00Z", event="opened", version="v1.0.0", digest="ab" * 32, check="skill",
                observed=text, limit="1", reason=text)  # fmt: skip
    return notices.Notice("0" * 16, line.time, line)
