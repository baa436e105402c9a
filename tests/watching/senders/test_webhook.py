"""Events to a server of the web that fails, hangs and comes back."""

import base64
import datetime
import re
import signal
import ssl
import time

import pytest

from tests.watching.senders.certificates import certificate
from tests.watching.senders.sent import change, source, wait_until, web_server
from vpn_anomaly.watching.senders.addresses import webhook_address
from vpn_anomaly.watching.senders.event_sender import EventSender
from vpn_anomaly.watching.senders.webhook import Webhook

SECRET = "T0B1hunter2"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


@pytest.fixture
def server():
    with web_server() as (answers, port):
        answers.address = f"http://127.0.0.1:{port}/services/{SECRET}"
        yield answers


def sender_to(address, answer_seconds=0.3, flush_seconds=5, **settings):
    settings = {"first_pause": 0.01, "longest_pause": 0.05} | settings
    webhook = Webhook(webhook_address(address), answer_seconds)
    return EventSender(webhook, flush_seconds=flush_seconds, **settings)


def test_one_that_fails_hangs_and_comes_back_has_every_event_once_and_in_order(server, capsys):
    with sender_to(server.address) as sender:
        sender.begin(source("film"), None)
        for number in range(5):
            sender.finish("film", [change("begin", number)])
        wait_until(lambda: server.arrived == list(range(5)))
        for count, bad in enumerate((500, 503, 429, 408, None), start=6):
            server.status = bad
            before = len(server.received)
            started = time.monotonic()
            sender.finish("film", [change("begin", len(server.arrived))])
            assert time.monotonic() - started < 0.25  # a server that hangs does not keep the watch
            wait_until(lambda: len(server.received) > before + 1)
            server.status = 200
            wait_until(lambda: len(server.arrived) == count)
    assert server.arrived == list(range(10))
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "webhook: 10 messages sent"
    reasons = [line.split(": ")[1].split(";")[0] for line in lines if "tried again" in line]
    assert reasons == [
        "it answers 500 (Internal Server Error)",
        "it answers 503 (Service Unavailable)",
        "it answers 429 (Too Many Requests)",
        "it answers 408 (Request Timeout)",
        "no answer within 0.3 s",
    ]
    assert sum("back after" in line for line in lines) == 5 and len(lines) == 11


def test_one_that_nobody_answers_drops_the_oldest_and_ends_in_time(capsys):
    with web_server() as (_, port):
        pass  # it is gone now
    started = time.monotonic()
    with sender_to(f"http://127.0.0.1:{port}/{SECRET}", flush_seconds=0.5, waiting=4) as sender:
        sender.begin(source("film"), None)
        sender.finish("film", [change("begin", number) for number in range(6)])
    assert time.monotonic() - started < 3
    first, last = capsys.readouterr().err.splitlines()
    assert first == (
        f"http://127.0.0.1:{port}/***: connection refused; messages wait, 4 at most, and are tried again"
    )
    assert last == "webhook: 0 messages sent, 2 dropped, 4 not delivered"


def test_one_that_hangs_for_good_is_left_at_the_end(server, capsys):
    server.status = None
    started = time.monotonic()
    with sender_to(server.address, answer_seconds=60, flush_seconds=0.2) as sender:
        sender.begin(source("film"), None)
        sender.finish("film", [change("begin", 0), change("end", 0)])
    assert time.monotonic() - started < 2
    assert capsys.readouterr().err == "webhook: 0 messages sent, 2 not delivered\n"


def test_a_second_ctrl_c_ends_the_waiting_and_what_was_sent_is_told(server, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    server.status, before = None, signal.signal(signal.SIGALRM, interrupt)
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            with sender_to(server.address, answer_seconds=60, flush_seconds=60) as sender:
                sender.begin(source("film"), None)
                sender.finish("film", [change("begin", 0)])
                signal.setitimer(signal.ITIMER_REAL, 0.2)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - started < 2
    assert capsys.readouterr().err == "webhook: 0 messages sent, 1 not delivered\n"


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302, 307, 304])
def test_what_it_refuses_is_not_sent_again(server, capsys, status):
    server.status = status
    with sender_to(server.address) as sender:
        sender.begin(source("film"), None)
        sender.finish("film", [change("begin", 0), change("change", 0)])
        wait_until(lambda: len(server.received) == 2)
        server.status = 204
        sender.finish("film", [change("end", 0)])
    line, last = capsys.readouterr().err.splitlines()
    assert f"it answers {status} (" in line and "not sent again" in line
    assert last == "webhook: 1 message sent, 2 refused"
    assert len(server.received) == 3 and set(server.paths) == {f"/services/{SECRET}"}  # none elsewhere


def test_a_record_is_that_of_the_events_with_times(server):
    with sender_to(server.address) as sender:
        sender.begin(source("film.mkv"), None)
        sender.begin(source("camera:0", live=True), None)
        sender.finish("film.mkv", [change("begin", 3, frame=50)])
        sender.finish("camera:0", [change("end", 4)])
    (film, _), (camera, _) = server.received
    now = datetime.datetime.now(datetime.UTC)
    for record, name in ((film, "sent_utc"), (camera, "sent_utc"), (camera, "seen_utc")):
        when = datetime.datetime.fromisoformat(record.pop(name))
        assert when.utcoffset() == datetime.timedelta(0) and abs((now - when).total_seconds()) < 10
    assert film == {"source": "film.mkv", **change("begin", 3, frame=50).as_record()}
    assert film["start_time"] == 2.0 and camera["what"] == "end" and "seen_utc" not in film
    assert server.headers[0]["Content-Type"] == "application/json"


def test_when_it_was_seen_stays_when_it_is_sent_later(server):
    server.status = 500
    with sender_to(server.address) as sender:
        sender.begin(source("camera:0", live=True), None)
        sender.finish("camera:0", [change("begin", 0)])
        time.sleep(0.2)
        server.status = 200
    first, last = server.received[0][0], server.received[-1][0]
    assert first["seen_utc"] == last["seen_utc"] and first["sent_utc"] < last["sent_utc"]


def test_numbers_that_are_not_finite_are_null(server):
    endless = change("begin", 0)
    peak = endless.event.peak._replace(score=float("inf"), p=float("nan"))
    object.__setattr__(endless.event, "peak", peak)
    with sender_to(server.address) as sender:
        sender.begin(source("film"), None)
        sender.finish("film", [endless])
    ((record, _),) = server.received
    assert record["score"] is None and record["p"] is None


def test_user_and_password_are_sent_as_such_and_shown_nowhere(server, capsys):
    server.status = 500
    address = server.address.replace("://", "://me:p%40ss-hunter3@") + "?key=hunter4"
    with sender_to(address, flush_seconds=0.5) as sender:
        sender.begin(source("film"), None)
        sender.finish("film", [change("begin", 0)])
    said = capsys.readouterr().err
    assert not re.search("hunter|services|me:", said) and "http://***@127.0.0.1" in said
    assert base64.b64decode(server.headers[0]["Authorization"].split()[1]) == b"me:p@ss-hunter3"
    assert server.paths[0] == f"/services/{SECRET}?key=hunter4"


def test_https_with_a_certificate_that_is_trusted_and_one_that_is_not(tmp_path, monkeypatch, capsys):
    path = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with web_server(lambda socket: context.wrap_socket(socket, server_side=True)) as (answers, port):
        for trusted in (False, True):
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", str(path))
            address, seconds = f"https://localhost:{port}/{SECRET}", 5 if trusted else 1
            with sender_to(address, answer_seconds=5, flush_seconds=seconds) as sender:
                sender.begin(source("film"), None)
                sender.finish("film", [change("begin", int(trusted))])
        assert answers.arrived == [1]
    said = capsys.readouterr().err
    assert "its certificate is not accepted" in said and SECRET not in said
    assert said.splitlines()[-1] == "webhook: 1 message sent"


def test_nothing_is_said_where_no_source_was_watched(server, capsys):
    with sender_to(server.address):
        pass
    assert capsys.readouterr().err == "" and not server.received
