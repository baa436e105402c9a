"""A certificate of localhost, signed by itself."""

import shutil
import subprocess

import pytest


def certificate(folder):
    """A .pem with key and certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl, to make a certificate")
    path = folder / "localhost.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    added = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*command.split(), *added, "-keyout", str(path), "-out", str(folder / "certificate.pem")],
        check=True,
        capture_output=True,
    )
    with open(path, "a") as file:
        file.write((folder / "certificate.pem").read_text())
    return path
