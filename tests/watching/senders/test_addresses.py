"""Addresses of --webhook and --mqtt: what they mean, what is refused in a line, and that no line tells a secret."""

import dataclasses
import sys
import traceback

import pytest

from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import display_name_of_webhook
from vpn_anomaly.watching.senders.addresses import (
    PASSWORD,
    broker_address,
    check_receivers,
    webhook_address,
)

SECRET = "hunter2"


@pytest.mark.parametrize(
    "address, url, user, name",
    [
        ("http://host", "http://host", None, "http://host"),
        ("http://host/", "http://host/", None, "http://host/"[:-1]),
        ("https://host:8443/a/b", "https://host:8443/a/b", None, "https://host:8443/***"),
        ("https://host?key=a%20b", "https://host?key=a%20b", None, "https://host/***"),
        ("https://me:p%40s@host/a?b=c#d", "https://host/a?b=c", "me:p@s", "https://***@host/***"),
        ("https://[::1]:80/a", "https://[::1]:80/a", None, "https://[::1]:80/***"),
    ],
)
def test_of_a_webhook(address, url, user, name):
    assert dataclasses.astuple(webhook_address(address)) == (url, user, name)


@pytest.mark.parametrize(
    "address",
    [
        f"host/{SECRET}",
        f"ftp://host/{SECRET}",
        f"https:///{SECRET}",
        f"https://host:{SECRET}/a",
        f"https://me:{SECRET}",
        f"https://host:99999/{SECRET}",
        f"https://host:0/{SECRET}",
        f"https://ho st/{SECRET}",
        f"https://host/ä{SECRET}",
        f"https://host/{SECRET}\n",
        f"https://me:a/{SECRET}@host/b",
        f"https://[::1/{SECRET}",
        f"https://{'a' * 70}.de/{SECRET}",
        SECRET,
    ],
)
def test_no_webhook(address):
    with pytest.raises(UserError) as error:
        webhook_address(address)
    assert "give the address to post to, such as https://HOST/PATH" in str(error.value)
    assert SECRET not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize(
    "address, host, port, encrypted, user, prefix, name",
    [
        ("mqtt://host/a", "host", 1883, False, None, "a", "mqtt://host/a"),
        ("mqtts://host/a", "host", 8883, True, None, "a", "mqtts://host/a"),
        ("mqtt://me@host:99/a/b%20c/", "host", 99, False, "me", "a/b c", "mqtt://***@host:99/a/b%20c/"),
        ("mqtt://[::1]/a", "::1", 1883, False, None, "a", "mqtt://[::1]/a"),
    ],
)
def test_of_a_broker(address, host, port, encrypted, user, prefix, name):
    password = SECRET if user else None
    found = broker_address(address, {PASSWORD: password} if user else {})
    assert dataclasses.astuple(found) == (host, port, encrypted, user, password, prefix, name)
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "address, words",
    [
        ("host/a", "such as mqtt://HOST/PREFIX"),
        ("http://host/a", "such as mqtt://HOST/PREFIX"),
        ("mqtt://host", "where PREFIX is"),
        ("mqtt://host/", "where PREFIX is"),
        ("mqtt://host/a/+", "where PREFIX is"),
        ("mqtt://host/a/%23", "where PREFIX is"),
        ("mqtt://host/$SYS", "where PREFIX is"),
        ("mqtt://host/a//b", "where PREFIX is"),
        (f"mqtt://host/a?password={SECRET}", "where PREFIX is"),
        ("mqtt://host:0/a", "such as mqtt://HOST/PREFIX"),
        ("mqtt://host:x/a", "such as mqtt://HOST/PREFIX"),
        (f"mqtt://me:{SECRET}@host/a", "has a password"),
        (f"mqtts://me@x:{SECRET}@host/a", "has a password"),
        (f"mqtt://me:a/{SECRET}@host/a", "has a password"),
        (f"mqtt://:{SECRET}@host/a", "has a password"),
    ],
)
def test_no_broker(address, words):
    with pytest.raises(UserError, match=words) as error:
        broker_address(address, {})
    assert SECRET not in str(error.value)


def test_a_password_without_a_user():
    with pytest.raises(UserError, match=f"{PASSWORD} is set, but --mqtt=mqtt://host/a names no user"):
        broker_address("mqtt://host/a", {PASSWORD: SECRET})


def test_without_paho_a_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "paho.mqtt.enums", None)
    monkeypatch.delenv(PASSWORD, raising=False)
    with pytest.raises(UserError, match=r"pip install 'vpn_anomaly\[mqtt\]'"):
        check_receivers({"mqtt": "mqtt://host/a"})
    check_receivers({"webhook": "https://host/a"})


def test_the_name_of_a_webhook_has_nothing_of_its_path():
    for address in (f"https://hooks.slack.com/services/T0/B1/{SECRET}", f"https:/host/{SECRET}", SECRET):
        name = display_name_of_webhook(address)
        assert SECRET not in name and display_name_of_webhook(name) == name
