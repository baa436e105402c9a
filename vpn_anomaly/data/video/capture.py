"""Cameras and network streams, opened for decoding."""

import re
import socket
import sys
import time
import urllib.parse

from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video.decode import Decoder, reason, video_stream
from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import HIDDEN, display_name, mask_secrets

# FFmpeg's input format for cameras by platform, the name of camera N, and the options it needs.
CAMERAS = {
    "linux": ("v4l2", "/dev/video{}", {}),
    # Many of Apple's cameras refuse the default of 29.97 frames per second.
    "darwin": ("avfoundation", "{}", {"framerate": "30"}),
    "win32": ("dshow", "video={}", {}),
}
ALWAYS_LIVE = ("rtsp://", "udp://", "tcp://")


def open_stream(address: str, timeout: float, limit: MemoryLimit) -> Decoder:
    """The decoder of a network stream, which may be silent for up to `timeout` seconds.

    An http address is live unless it states a duration. UserError if it does not answer.
    """
    import av

    name = display_name(address)
    if name == address and HIDDEN in address:
        raise UserError(
            f"{name}: {HIDDEN} replaces what is not stored of an address; give the full address "
            "on the command line"
        )
    scheme = re.match(r"\w+://", address)[0].lower()
    address = scheme + address[len(scheme) :]  # FFmpeg knows schemes in lower case only
    # Over UDP, the default, packets of cameras get lost and damage frames.
    options = {"rtsp_transport": "tcp"} if scheme == "rtsp://" else {}
    start = time.monotonic()
    try:
        container = av.open(address, options=options, timeout=(timeout, timeout), metadata_errors="replace")
    except (OSError, av.FFmpegError) as error:
        # FFmpeg's error is "invalid data" for a silent rtsp server, "input/output error" for https.
        if time.monotonic() - start > 0.95 * timeout:
            why = f"no answer in {timeout:g} s; check that it is on and sends, or wait longer"
        else:
            words = _unknown_host(address) or mask_secrets(reason(error), [address])
            why = f"cannot be opened ({words}); check the address, and that it is on{_unescaped(address)}"
        raise UserError(f"{name}: {why}") from error
    live = scheme in ALWAYS_LIVE or not container.duration
    hide = lambda words: mask_secrets(words, [address])
    return Decoder(container, video_stream(container, name, limit), live, timeout, hide)


def open_camera(source: str, timeout: float, limit: MemoryLimit) -> Decoder:
    """The decoder of a camera device: camera:N, or a device path. UserError if it cannot be opened."""
    import av

    if sys.platform not in CAMERAS:
        raise UserError(f"{source}: no cameras on {sys.platform}; use one of {', '.join(CAMERAS)}")
    system, device, options = CAMERAS[sys.platform]
    number = re.fullmatch(r"camera:(\d+)", source)
    if source.startswith("camera:") and not number:
        raise UserError(f"{source}: no such camera; give camera: and its number, from 0")
    try:
        if system == "dshow" and number:  # where cameras have names only
            source_name = device.format(_camera_names(system)[int(number[1])])
        else:
            source_name = device.format(number[1]) if number else source
        container = av.open(
            source_name, format=system, options=options, timeout=(timeout, timeout), metadata_errors="replace"
        )
    except (OSError, IndexError, ValueError, av.FFmpegError) as error:
        there = ", ".join(_camera_names(system)) or "none"
        raise UserError(
            f"{source}: this camera cannot be opened ({reason(error)}); there are:"
            f" {there}; plug it in, or close the program that uses it"
        ) from error
    return Decoder(container, video_stream(container, source, limit), True, timeout)


def _camera_names(system: str) -> list[str]:
    import av

    try:
        devices = av.enumerate_input_devices(system)
    except (OSError, ValueError, av.FFmpegError):  # the list only helps in a message
        return []
    return [device.name for device in devices if "video" in device.media_types or system == "v4l2"]


def _unescaped(address: str) -> str:
    """Advice if a user or password seems to contain characters that end the host; else empty."""
    user, at, _ = address.partition("://")[2].rpartition("@")
    advice = "; in a user or password write / as %2F, ? as %3F, # as %23"
    return advice if at and re.search("[/?#]", user) else ""


def _unknown_host(address: str) -> str | None:
    """A message if the host cannot be resolved, which FFmpeg calls an input/output error; else None."""
    try:
        host = urllib.parse.urlsplit(address).hostname or ""
        socket.getaddrinfo(host, None)
    except (OSError, ValueError):
        return "its host cannot be resolved"
    return None
