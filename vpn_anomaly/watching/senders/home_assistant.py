"""What Home Assistant is told, so that it shows a binary sensor for every source by itself.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery, in its form of one message a component.
"""

import hashlib
import re

from vpn_anomaly import __version__
from vpn_anomaly.text.printable_line import printable_line

DISCOVERY = "homeassistant"  # the topic below which it looks for devices, unless it is told another
ONLINE, OFFLINE = "online", "offline"  # the payloads that it expects of availability, and of the state
ON, OFF = "ON", "OFF"
_NAMED, _DIGITS = 40, 8  # characters of an identifier


def source_id(prefix: str, source: str) -> str:
    """An identifier of letters, digits and _ alone: the end of the source's name, and a digest of name and prefix.

    The same for the same source in the next watch; another one below another prefix, since two programs may both
    watch a camera:0.
    """
    digest = hashlib.sha256(f"{prefix}\n{source}".encode(errors="surrogatepass")).hexdigest()[:_DIGITS]
    words = re.sub(r"[^A-Za-z0-9]+", "_", source)[-_NAMED:].strip("_")
    return "_".join(filter(None, [words, digest]))


def status_topic(prefix: str) -> str:
    """Where ONLINE and OFFLINE are published: whether the program runs."""
    return f"{prefix}/status"


def event_topic(prefix: str, source: str) -> str:
    """Where the changes of events of a source are published."""
    return f"{prefix}/{source_id(prefix, source)}/event"


def state_topic(prefix: str, source: str) -> str:
    """Where ON and OFF are published: whether an event of the source is under way."""
    return f"{prefix}/{source_id(prefix, source)}/state"


def discovery(prefix: str, source: str) -> tuple[str, dict]:
    """The topic and the content of the message that announces a source; to be retained."""
    identifier = f"vpn_anomaly_{source_id(prefix, source)}"
    content = {
        "name": "Anomaly",
        "unique_id": identifier,
        "device_class": "problem",
        "state_topic": state_topic(prefix, source),
        "payload_on": ON,
        "payload_off": OFF,
        "availability_topic": status_topic(prefix),
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "json_attributes_topic": event_topic(prefix, source),
        "qos": 1,
        "device": {
            "identifiers": [identifier],
            "name": printable_line(source),
            "manufacturer": "vpn_anomaly",
            "sw_version": __version__,
        },
        "origin": {"name": "vpn_anomaly", "sw_version": __version__},
    }
    return f"{DISCOVERY}/binary_sensor/{identifier}/config", content
