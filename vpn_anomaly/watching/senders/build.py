"""The senders of a watch, by the flags that ask for them."""

from collections.abc import Callable, Mapping

from vpn_anomaly.watching.senders.addresses import broker_address, webhook_address
from vpn_anomaly.watching.senders.event_sender import EventSender
from vpn_anomaly.watching.senders.mqtt import Broker
from vpn_anomaly.watching.senders.receiver import Receiver
from vpn_anomaly.watching.senders.webhook import Webhook

_RECEIVERS: dict[str, Callable[[str], Receiver]] = {
    "webhook": lambda address: Webhook(webhook_address(address)),
    "mqtt": lambda address: Broker(broker_address(address)),
}


def senders(addresses: Mapping[str, str]) -> list[EventSender]:
    """A sender for each address, by its flag, checked (`addresses.check_receivers`)."""
    return [EventSender(_RECEIVERS[flag](address)) for flag, address in addresses.items()]
