"""--webhook and --mqtt from the command line: events of a watch arrive, and what is wrong ends with a line."""

import functools
import json
import pathlib

import pytest

from tests.data.video_files import write_video
from tests.watching.senders.mosquitto import broker, listener
from tests.watching.senders.sent import wait_until, web_server
from vpn_anomaly import command_line
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.watching.senders.addresses import PASSWORD
from vpn_anomaly.watching.senders.event_sender import EventSender

SECRET = "hunter2"
QUICK = pathlib.Path(__file__).parents[3] / "configs" / "quick.py"
WATCH = [f"--config={QUICK}", "--workdir=runs/none", "--mode=watch", "--input=film.mkv"]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv(PASSWORD, raising=False)


def error_of(capsys, *arguments):
    """The one line that the command ends with, which does not tell the secret; its exit code has to be 2."""
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and SECRET not in err
    return err


def test_the_events_that_are_written_are_posted(flags, frames, tmp_path, capsys):
    path = write_video(tmp_path / "film.mkv", frames)
    with web_server() as (answers, port):
        webhook = f"--webhook=http://me:{SECRET}@127.0.0.1:{port}/{SECRET}/x"
        assert main([*flags, f"--input={path}", f"--events={tmp_path}/e.jsonl", webhook]) == 0
    written = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    posted = [record for record, _ in answers.received]
    assert all(record.pop("sent_utc") for record in posted)
    assert written and posted == written
    out, err = capsys.readouterr()
    assert err.splitlines()[-1] == f"webhook: {len(written)} messages sent" and SECRET not in out + err


def test_the_events_that_are_written_are_published(flags, frames, tmp_path, capsys):
    pytest.importorskip("paho.mqtt.enums", reason="needs paho-mqtt (the extra mqtt)")
    path = write_video(tmp_path / "film.mkv", frames)
    with broker(tmp_path, "allow_anonymous true") as running, listener(running.port) as hears:
        mqtt = f"--mqtt=mqtt://127.0.0.1:{running.port}/a/b"
        assert main([*flags, f"--input={path}", f"--events={tmp_path}/e.jsonl", mqtt]) == 0
        wait_until(lambda: hears.of("a/b/status")[-1:] == ["offline"])
        published = hears.events
        (config,) = map(json.loads, hears.of("/config"))
    written = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert all(record.pop("sent_utc") for record in published)
    assert written and published == written and config["device"]["name"] == path
    assert capsys.readouterr().err.splitlines()[-1] == f"mqtt: {len(written)} messages sent"


def test_a_webhook_that_is_not_there_changes_nothing_else(flags, frames, tmp_path, capsys, monkeypatch):
    hurried = functools.partial(EventSender, flush_seconds=0.1)
    monkeypatch.setattr("vpn_anomaly.watching.senders.build.EventSender", hurried)
    path = write_video(tmp_path / "film.mkv", frames)
    with web_server() as (_, port):
        pass
    webhook = f"--webhook=http://127.0.0.1:{port}/{SECRET}"
    assert main([*flags, f"--input={path}", f"--events={tmp_path}/e.jsonl", webhook]) == 0
    count = len((tmp_path / "e.jsonl").read_text().splitlines())
    err = capsys.readouterr().err
    assert f"webhook: 0 messages sent, {count} not delivered" in err and SECRET not in err
    assert err.count("tried again") == 1


@pytest.mark.parametrize(
    "flag, words",
    [
        (f"--webhook=host/{SECRET}", "--webhook=***: give the address to post to"),
        (f"--webhook=ftp://host/{SECRET}", "--webhook=ftp://host/***: give"),
        (f"--mqtt=mqtt://me:{SECRET}@host/a", f"the environment variable {PASSWORD}"),
        ("--mqtt=host", "--mqtt=host: give the broker"),
    ],
)
def test_an_address_that_is_none_ends_with_a_line(capsys, flag, words):
    assert words in error_of(capsys, *WATCH, flag)


def test_a_traceback_does_not_tell_it_either(capsys):
    assert main([*WATCH, "--debug", "--webhook", f"ftp://host/{SECRET}"]) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err and SECRET not in err


@pytest.mark.parametrize("flag", ["--webhook=https://host/a", "--mqtt=mqtt://host/a"])
def test_they_are_for_a_watch_by_one_process(capsys, flag):
    name = flag.partition("=")[0]
    assert f"{name} is for --mode=watch only" in error_of(capsys, *WATCH[:2], "--mode=train", flag)
    others = ["--coordinator=localhost:1234", "--process_count=2", "--process_index=0"]
    assert f"{name} is for one process" in error_of(capsys, *WATCH, *others, flag)
    assert f"{name} is for one process" in error_of(capsys, *WATCH, "--distributed", flag)


def test_what_is_parsed_does_not_show_it():
    arguments = command_line.parse([*WATCH, f"--webhook=https://host/{SECRET}"])
    assert arguments.receivers == {"webhook": f"https://host/{SECRET}"} and SECRET not in repr(arguments)
    with pytest.raises(UserError, match="there is no flag --web;.*--webhook, --mqtt"):
        command_line.parse([*WATCH, "--web=x"])
