"""Events by MQTT 3.1.1, with what Home Assistant needs to show them. paho-mqtt is imported inside functions."""

import json
import threading

from vpn_anomaly.watching.senders import home_assistant
from vpn_anomaly.watching.senders.addresses import BrokerAddress
from vpn_anomaly.watching.senders.delivery import FIRST_PAUSE, LONGEST_PAUSE, Undelivered
from vpn_anomaly.watching.senders.receiver import Receiver

KEEP_ALIVE = 20  # seconds; a broker that says nothing for so long is given up, and connected to again
CONNECTING_SECONDS = 1.0  # within which a connection is there where all is well
GOODBYE_SECONDS = 2.0  # for the last message
WAKING_SECONDS = 0.5


class Broker(Receiver):
    """Publishes below a prefix; a thread of paho-mqtt keeps the connection, and renews it after growing pauses.

    PREFIX/SOURCE/event    every record, as JSON; QoS 1, so that it arrives at least once
    PREFIX/SOURCE/state    ON while an event of the source is under way, else OFF; retained
    PREFIX/status          online; offline at the end and, said by the broker, where the connection breaks; retained
    homeassistant/binary_sensor/…/config    what Home Assistant is to know of the source; retained

    SOURCE is `home_assistant.source_id`. State and discovery tell what is so now: they do not wait with the events of
    a lost connection, but are published at once, and all again (hence QoS 0) at every connection.

    Args:
      first_pause, longest_pause: seconds before a lost connection is tried again.
    """

    kind = "mqtt"

    def __init__(
        self,
        address: BrokerAddress,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
    ):
        self.name = address.name
        self._address, self._prefix = address, address.prefix
        self._status = home_assistant.status_topic(self._prefix)
        self._connected, self._closed = threading.Event(), False
        self._under_way: dict[str, set[int | None]] = {}  # events by source
        self._lock = threading.Lock()  # of all above; nothing that waits is done under it
        self._acknowledged: set[int] = set()  # numbers of messages
        self._arrived = threading.Condition()  # guards it; paho holds locks of its own when it tells them
        self._client = self._new_client(first_pause, longest_pause)

    def open(self, delivery):
        self._delivery = delivery
        self._client.connect_async(self._address.host, self._address.port, KEEP_ALIVE)
        self._client.loop_start()

    def begin(self, source):
        with self._lock:
            self._under_way[source] = set()
            if self._connected.is_set():
                self._announce(source)

    def change(self, source, change):
        with self._lock:
            under_way = self._under_way[source]
            before = bool(under_way)
            (under_way.discard if change.what == "end" else under_way.add)(change.event.id)
            if self._connected.is_set() and bool(under_way) != before:
                self._publish_state(source)

    def deliver(self, record):
        if not self._connected.wait(CONNECTING_SECONDS):
            raise Undelivered("there is no connection to the broker")
        with self._arrived:
            self._acknowledged.clear()
        topic = home_assistant.event_topic(self._prefix, record["source"])
        sent = self._client.publish(topic, json.dumps(record, allow_nan=False), qos=1)
        with self._arrived:  # from now on it is paho that tries again
            while not (sent.mid in self._acknowledged or self._closed):
                self._arrived.wait(WAKING_SECONDS)
            if sent.mid not in self._acknowledged:
                raise Undelivered("the broker did not confirm it")

    def close(self):
        with self._lock:
            self._closed, said, heard = True, None, False
            if self._connected.is_set():
                for source in self._under_way:
                    self._under_way[source] = set()
                    self._publish_state(source)
                said = self._client.publish(self._status, home_assistant.OFFLINE, qos=1, retain=True)
        if said is not None:
            with self._arrived:
                heard = self._arrived.wait_for(lambda: said.mid in self._acknowledged, GOODBYE_SECONDS)
        self._client.disconnect()
        if heard:  # else paho's thread, a daemon, may be waiting for the broker: it ends later, alone
            self._client.loop_stop()

    def _new_client(self, first_pause: float, longest_pause: float):
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        client = Client(CallbackAPIVersion.VERSION2)
        if self._address.user:
            client.username_pw_set(self._address.user, self._address.password)
        if self._address.encrypted:
            client.tls_set()
        client.will_set(self._status, home_assistant.OFFLINE, qos=1, retain=True)
        client.reconnect_delay_set(first_pause, longest_pause)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_connect_fail, client.on_publish = self._on_connect_fail, self._on_publish
        return client

    def _announce(self, source: str) -> None:
        topic, content = home_assistant.discovery(self._prefix, source)
        self._client.publish(topic, json.dumps(content), retain=True)
        self._publish_state(source)

    def _publish_state(self, source: str) -> None:
        state = home_assistant.ON if self._under_way[source] else home_assistant.OFF
        self._client.publish(home_assistant.state_topic(self._prefix, source), state, retain=True)

    def _on_connect(self, client, data, flags, reason, properties) -> None:
        if reason.is_failure:
            self._delivery.fails(f"the broker refuses the connection ({reason})")
            return
        with self._lock:
            client.publish(self._status, home_assistant.ONLINE, retain=True)
            for source in self._under_way:
                self._announce(source)
            self._connected.set()  # events follow
        self._delivery.works()
        self._delivery.try_now()

    def _on_disconnect(self, client, data, flags, reason, properties) -> None:
        with self._lock:
            was_connected = self._connected.is_set()
            self._connected.clear()
        if was_connected and not self._closed:
            self._delivery.fails("the connection to the broker is lost")

    def _on_connect_fail(self, client, data) -> None:
        self._delivery.fails("the broker cannot be reached")

    def _on_publish(self, client, data, number, reason, properties) -> None:
        with self._arrived:
            self._acknowledged.add(number)
            self._arrived.notify_all()
