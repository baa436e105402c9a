"""Where events are sent to: the addresses of --webhook and --mqtt, checked. Nothing slow is imported here."""

import dataclasses
import os
import re
import urllib.parse
from collections.abc import Callable, Mapping

from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import display_name, display_name_of_webhook

PASSWORD = "VPN_ANOMALY_MQTT_PASSWORD"  # the environment variable
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclasses.dataclass(frozen=True, repr=False)
class WebhookAddress:
    """An address that events are posted to.

    Attributes:
      url: without user and password.
      user: "user:password" for HTTP's basic authentication; None: there is none.
      name: as it may be shown.
    """

    url: str
    user: str | None
    name: str


@dataclasses.dataclass(frozen=True, repr=False)
class BrokerAddress:
    """An MQTT broker, and the topic below which events are published.

    Attributes:
      encrypted: by TLS.
      user, password: None: without.
      prefix: of all topics, without a slash at its ends.
      name: as it may be shown.
    """

    host: str
    port: int
    encrypted: bool
    user: str | None
    password: str | None
    prefix: str
    name: str


def webhook_address(address: str) -> WebhookAddress:
    """http://HOST/PATH or https://[USER:PASSWORD@]HOST/PATH. UserError for any other."""
    name = display_name_of_webhook(address)
    shape = f"--webhook={name}: give the address to post to, such as https://HOST/PATH"
    parts = _split(address, ("http", "https"), shape)
    user, _, host = parts.netloc.rpartition("@")
    url = urllib.parse.urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
    return WebhookAddress(url, urllib.parse.unquote(user) or None, name)


def broker_address(address: str, environment: Mapping[str, str] = os.environ) -> BrokerAddress:
    """mqtt://[USER@]HOST[:PORT]/PREFIX, or mqtts:// for TLS; the password is in the environment variable PASSWORD.

    UserError for any other, for a password in the address, and for one without a user.
    """
    name = display_name(address)
    shape = f"--mqtt={name}: give the broker and the topic to publish below, such as mqtt://HOST/PREFIX"
    if ":" in address.partition("://")[2].rpartition("@")[0]:
        raise UserError(
            f"--mqtt={name} has a password, which everybody on this machine can read in its list of processes;"
            f" give mqtt://USER@HOST/PREFIX, and the password in the environment variable {PASSWORD}"
        )
    parts = _split(address, tuple(_PORTS), shape)
    prefix = urllib.parse.unquote(parts.path).strip("/")
    if not prefix or re.search(r"[+#\x00-\x1f\x7f\ufffd]|\A\$|//", prefix) or parts.query or parts.fragment:
        raise UserError(
            f"{shape}, where PREFIX is one or more words with / between them, without +, #, ? or a $ at its beginning"
        )
    user = urllib.parse.unquote(parts.username or "") or None
    password = environment.get(PASSWORD) or None
    if password and not user:
        raise UserError(
            f"the environment variable {PASSWORD} is set, but --mqtt={name} names no user;"
            " give mqtt://USER@HOST/PREFIX, or unset the variable"
        )
    assert parts.hostname, "it was checked"
    encrypted = parts.scheme == "mqtts"
    return BrokerAddress(
        parts.hostname, parts.port or _PORTS[parts.scheme], encrypted, user, password, prefix, name
    )


def check_paho() -> None:
    """UserError where paho-mqtt is missing, or too old."""
    try:
        import paho.mqtt.enums  # noqa: F401  (it is new in version 2)
    except ImportError:
        raise UserError("--mqtt needs paho-mqtt 2: pip install 'vpn_anomaly[mqtt]'") from None


RECEIVERS: dict[str, Callable[[str], object]] = {"webhook": webhook_address, "mqtt": broker_address}


def check_receivers(addresses: Mapping[str, str]) -> None:
    """UserError for an address, by its flag, that events cannot be sent to."""
    for flag, address in addresses.items():
        RECEIVERS[flag](address)
    if "mqtt" in addresses:
        check_paho()


def _split(address: str, schemes: tuple[str, ...], shape: str) -> urllib.parse.SplitResult:
    """The parts of an address with a host. UserError with the words `shape`, which name what is allowed."""
    if not re.fullmatch(r"[!-~]+", address):
        raise UserError(f"{shape}, with %XX (of UTF-8) for spaces and letters beyond ASCII")
    try:
        parts = urllib.parse.urlsplit(address)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:  # it tells the address, so it is not handed on
        raise UserError(shape) from None
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise UserError(shape)
    return parts
