"""A real MQTT broker, Debian's mosquitto, and what it hands on to who listens."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess

import pytest

from tests.watching.senders.sent import wait_until

PATH = os.pathsep.join(
    [os.environ.get("PATH", ""), "/usr/sbin"]
)  # where Debian has it, not on everybody's PATH
NEEDED = "needs the MQTT broker mosquitto (Debian's package mosquitto), which is not installed here"


class Mosquitto:
    """The broker, on a free port of this machine; `start` and `kill` it as often as needed.

    lines: of its configuration, beside the port.
    """

    def __init__(self, folder, *lines):
        self._program = shutil.which("mosquitto", path=PATH)
        if self._program is None:
            pytest.skip(NEEDED)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._config, self._process = folder / "mosquitto.conf", None
        user = "user root" if os.geteuid() == 0 else ""  # it would become another, who cannot read the folder
        self._config.write_text(
            "\n".join([f"listener {self.port} 127.0.0.1", user, "persistence false", *lines])
        )

    def start(self):
        self._process = subprocess.Popen([self._program, "-c", self._config], stderr=subprocess.DEVNULL)
        wait_until(self._listens)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self):
        """Until `go_on` it says nothing, and takes what fits into the system's buffers."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def _listens(self):
        assert self._process.poll() is None, "mosquitto has ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False


def password_file(folder, user, password):
    """A file of mosquitto with one user."""
    program = shutil.which("mosquitto_passwd", path=PATH)
    if program is None:
        pytest.skip(NEEDED)
    path = folder / "passwords"
    subprocess.run([program, "-b", "-c", path, user, password], check=True, capture_output=True)
    return path


@contextlib.contextmanager
def broker(folder, *lines):
    """Yields `Mosquitto`, started."""
    running = Mosquitto(folder, *lines)
    running.start()
    try:
        yield running
    finally:
        running.kill()


class Listener:
    """Hears everything: `heard` are (topic, payload, retained), in order; `qos` is the last one of each topic."""

    def __init__(self, port):
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard, self.qos, subscribed = [], {}, []
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda *of: self._hear(of[2])
        self._client.on_subscribe = lambda *_: subscribed.append(True)
        self._client.on_connect = lambda *_: self._client.subscribe("#", qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_until(lambda: subscribed)

    def _hear(self, message):
        self.heard.append((message.topic, message.payload.decode(), message.retain))
        self.qos[message.topic] = message.qos

    def of(self, ending):
        """The payloads of the topics that end so."""
        return [payload for topic, payload, _ in self.heard if topic.endswith(ending)]

    @property
    def events(self):
        """The records of events."""
        return list(map(json.loads, self.of("/event")))

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@contextlib.contextmanager
def listener(port):
    hears = Listener(port)
    try:
        yield hears
    finally:
        hears.close()
