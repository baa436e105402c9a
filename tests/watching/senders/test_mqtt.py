"""Events to a real broker, which is killed and started again, and refuses those whom it does not know."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.watching.senders.certificates import certificate
from tests.watching.senders.mosquitto import broker, listener, password_file
from tests.watching.senders.sent import change, source, wait_until
from vpn_anomaly.watching.senders.addresses import PASSWORD, broker_address
from vpn_anomaly.watching.senders.event_sender import EventSender
from vpn_anomaly.watching.senders.home_assistant import source_id
from vpn_anomaly.watching.senders.mqtt import Broker

pytest.importorskip("paho.mqtt.enums", reason="needs paho-mqtt (the extra mqtt)")
ROOT = pathlib.Path(__file__).parents[3]
ANYONE = "allow_anonymous true"
PREFIX = "house/vpn"
CAMERA = "rtsp://***@cam/1?key=***"


def sender_to(port, user="", scheme="mqtt", host="127.0.0.1", pause=0.05, **settings):
    address = broker_address(f"{scheme}://{user}{host}:{port}/{PREFIX}")
    to = Broker(address, first_pause=pause, longest_pause=2 * pause)
    return EventSender(to, first_pause=pause, longest_pause=2 * pause, **settings)


def test_events_states_and_what_home_assistant_is_told(tmp_path, capsys):
    with broker(tmp_path, ANYONE) as running:
        with listener(running.port) as hears, sender_to(running.port) as sender:
            sender.begin(source("belt.mkv"), None)
            wait_until(lambda: hears.of("/config"))
            sender.begin(source(CAMERA, live=True), None)
            wait_until(lambda: len(hears.of("/config")) == 2)
            changes = [change("begin", 0, 10), change("change", 0, 12), change("begin", 1, 13)]
            sender.finish(CAMERA, changes)
            sender.finish("belt.mkv", [change("begin", 0)])
            sender.finish(CAMERA, [change("end", 0, 14), change("end", 1, 15)])
            wait_until(lambda: len(hears.events) == 6)
            sender.close()
            wait_until(lambda: hears.of("/status")[-1:] == ["offline"])
            heard, qos = hears.heard, hears.qos
        with listener(running.port) as later:  # what is retained
            wait_until(lambda: len(later.heard) == 5)
            time.sleep(0.1)
            kept = {topic: payload for topic, payload, retained in later.heard if retained}
    camera, belt = (f"{PREFIX}/{source_id(PREFIX, name)}" for name in (CAMERA, "belt.mkv"))
    of_camera = [json.loads(payload) for topic, payload, _ in heard if topic == f"{camera}/event"]
    assert [(one["what"], one["event"]) for one in of_camera] == [
        ("begin", 0),
        ("change", 0),
        ("begin", 1),
        ("end", 0),
        ("end", 1),
    ]
    assert of_camera[0] == {
        "source": CAMERA,
        **changes[0].as_record(),
        "seen_utc": of_camera[0]["seen_utc"],
        "sent_utc": of_camera[0]["sent_utc"],
    }
    assert qos[f"{camera}/event"] == qos[f"{belt}/event"] == 1
    states = [(topic, payload) for topic, payload, _ in heard if topic.endswith("/state")]
    assert [payload for topic, payload in states if topic == f"{camera}/state"] == ["OFF", "ON", "OFF", "OFF"]
    assert [payload for topic, payload in states if topic == f"{belt}/state"] == ["OFF", "ON", "OFF"]

    configs = {topic: json.loads(payload) for topic, payload in kept.items() if topic.endswith("/config")}
    assert kept == {
        f"{PREFIX}/status": "offline",
        f"{camera}/state": "OFF",
        f"{belt}/state": "OFF",
        **{topic: kept[topic] for topic in configs},
    }
    (config,) = [one for one in configs.values() if one["device"]["name"] == CAMERA]
    assert config["state_topic"] == f"{camera}/state" and config["availability_topic"] == f"{PREFIX}/status"
    assert config["json_attributes_topic"] == f"{camera}/event"
    for topic, one in configs.items():
        assert topic == f"homeassistant/binary_sensor/{one['unique_id']}/config"
    assert capsys.readouterr().err == "mqtt: 6 messages sent\n"


def test_a_broker_that_is_killed_and_comes_back_has_all_and_the_present_state(tmp_path, capsys):
    said = []

    def told():
        sender.finish("camera:0", [])
        said.extend(capsys.readouterr().err.splitlines())
        return said

    with broker(tmp_path, ANYONE) as running, sender_to(running.port, waiting=4, pause=1.0) as sender:
        with listener(running.port) as hears:
            sender.begin(source("camera:0", live=True), None)
            sender.finish("camera:0", [change("begin", 0)])
            wait_until(lambda: len(hears.events) == 1 and hears.of("/state")[-1:] == ["ON"])
            running.kill()
        wait_until(told)
        started = time.monotonic()
        sender.finish("camera:0", [change("end", 0)])
        for number in range(1, 4):
            sender.finish("camera:0", [change("begin", number), change("end", number)])
        assert time.monotonic() - started < 0.5
        running.start()  # it has forgotten all that it retained; within a second the sender tries again
        with listener(running.port) as hears:
            wait_until(lambda: len(hears.events) == 4)
            assert hears.of("/config") and hears.of("/status") == ["online"]
            assert [(one["what"], one["event"]) for one in hears.events] == [
                ("begin", 2),
                ("end", 2),
                ("begin", 3),
                ("end", 3),
            ]
            assert "ON" not in hears.of("/state")  # what is over is no alarm now
            wait_until(lambda: len(told()) == 2)
    lost, back = said
    name = f"mqtt://127.0.0.1:{running.port}/{PREFIX}"
    assert (
        lost == f"{name}: the connection to the broker is lost; messages wait, 4 at most, and are tried again"
    )
    assert back.startswith(f"{name}: back after ")
    assert capsys.readouterr().err == "mqtt: 5 messages sent, 3 dropped\n"


def test_a_broker_that_freezes_keeps_neither_the_watch_nor_an_event_that_is_not_too_old(tmp_path, capsys):
    with broker(tmp_path, ANYONE) as running, listener(running.port) as hears:
        with sender_to(running.port, waiting=3) as sender:
            sender.begin(source("camera:0", live=True), None)
            wait_until(lambda: hears.of("/config"))
            running.freeze()
            sender.finish("camera:0", [change("begin", 0)])
            time.sleep(0.1)  # it is under way
            started = time.monotonic()
            for frame in range(50):
                sender.finish("camera:0", [change("change", 0, frame)])
                time.sleep(0.001)  # in which another would be sent
            assert time.monotonic() - started < 5
            running.go_on()
        wait_until(lambda: hears.of("/status")[-1:] == ["offline"])
        seen = [(one["what"], one["start_frame"]) for one in hears.events]
        assert seen == [("begin", 0), ("change", 47), ("change", 48), ("change", 49)]
    assert capsys.readouterr().err == "mqtt: 4 messages sent, 47 dropped\n"


def test_of_a_program_that_is_killed_the_broker_says_offline(tmp_path):
    program = (
        "import time; from tests.watching.senders.test_mqtt import *\n"
        "sender = sender_to(int(sys.argv[1])); sender.begin(source('camera:0'), None)\n"
        "sender.finish('camera:0', [change('begin', 0)]); time.sleep(60)"
    )
    with broker(tmp_path, ANYONE) as running, listener(running.port) as hears:
        process = subprocess.Popen([sys.executable, "-c", program, str(running.port)], cwd=ROOT)
        try:
            wait_until(lambda: hears.events)
            assert hears.of("/status") == ["online"]
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        wait_until(lambda: hears.of("/status") == ["online", "offline"])


def test_who_is_not_known_is_refused_in_one_line_and_who_is_may_publish(tmp_path, capsys, monkeypatch):
    passwords = password_file(tmp_path, "me", "hunter2")
    readers = ["acl_file " + str(tmp_path / "acl"), "per_listener_settings false"]
    (tmp_path / "acl").write_text("topic read #\nuser me\ntopic readwrite #\n")
    with broker(tmp_path, ANYONE, f"password_file {passwords}", *readers) as running:
        with listener(running.port) as hears:
            for number, (password, seconds) in enumerate([("hunter3", 1), ("hunter2", 5)]):
                monkeypatch.setenv(PASSWORD, password)
                with sender_to(running.port, user="me@", flush_seconds=seconds) as sender:
                    sender.begin(source("film"), None)
                    sender.finish("film", [change("begin", number)])
            wait_until(lambda: hears.of("/status")[-1:] == ["offline"])
            assert [one["event"] for one in hears.events] == [1]
    refused, none, sent = capsys.readouterr().err.splitlines()
    assert refused.startswith(
        f"mqtt://***@127.0.0.1:{running.port}/{PREFIX}: the broker refuses the connection ("
    )
    assert (
        "uthori" in refused
        and none == "mqtt: 0 messages sent, 1 not delivered"
        and sent == "mqtt: 1 message sent"
    )


def test_a_broker_that_is_nowhere_ends_in_time(tmp_path, capsys):
    with broker(tmp_path, ANYONE) as running:
        pass
    started = time.monotonic()
    with sender_to(running.port, flush_seconds=1) as sender:
        sender.begin(source("film"), None)
        sender.finish("film", [change("begin", 0)])
    assert time.monotonic() - started < 3
    line, last = capsys.readouterr().err.splitlines()
    assert "the broker cannot be reached" in line and last == "mqtt: 0 messages sent, 1 not delivered"


def test_tls(tmp_path, monkeypatch, capsys):
    path = certificate(tmp_path)
    lines = [ANYONE, f"certfile {path}", f"keyfile {path}"]
    with broker(tmp_path, *lines) as running:
        for trusted in (False, True):
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", os.fspath(path))
            to = {"scheme": "mqtts", "host": "localhost", "flush_seconds": 5 if trusted else 1}
            with sender_to(running.port, **to) as sender:
                sender.begin(source("film"), None)
                sender.finish("film", [change("begin", 0)])
    *_, none, sent = capsys.readouterr().err.splitlines()
    assert none == "mqtt: 0 messages sent, 1 not delivered" and sent == "mqtt: 1 message sent"
