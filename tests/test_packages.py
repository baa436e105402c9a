"""What setup.cfg installs: every package of the checkout, and the configs as one of them."""

import configparser
import pathlib

import setuptools

import vpn_anomaly

ROOT = pathlib.Path(__file__).parents[1]


def test_every_package_is_installed():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = parser["options"]["packages"].split()
    found = setuptools.find_packages(str(ROOT), include=["vpn_anomaly", "vpn_anomaly.*"])
    assert listed == sorted([*found, "vpn_anomaly.configs"])
    assert parser["options"]["package_dir"].split("=")[1].strip() == "configs"


def test_the_newest_entry_of_the_changelog_is_of_this_version():
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    newest = next(line for line in lines if line.startswith("## "))
    assert newest.startswith(f"## {vpn_anomaly.__version__}, ")
