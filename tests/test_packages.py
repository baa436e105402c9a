"""What setup.cfg installs: every package of the checkout, and the configs as one of them."""

import configparser
import pathlib

import setuptools

ROOT = pathlib.Path(__file__).parents[1]


def test_every_package_is_installed():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = parser["options"]["packages"].split()
    found = setuptools.find_packages(str(ROOT), include=["vpn_anomaly", "vpn_anomaly.*"])
    assert listed == sorted([*found, "vpn_anomaly.configs"])
    assert parser["options"]["package_dir"].split("=")[1].strip() == "configs"
