"""Checks that JAX finds a device to compute on."""

import os

from vpn_anomaly.errors import UserError

VARIABLES = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")  # environment variables that choose the device


def check_devices() -> None:
    """Initialises JAX; to be called before any work is done.

    UserError, one line, if the environment requests a device that does not exist, or has settings
    that JAX rejects.
    """
    try:
        import jax  # here, as some settings fail on import

        jax.devices()
    except Exception as error:  # depends on the platform: RuntimeError, AssertionError, ValueError …
        asked = " and ".join(f"{name}={os.environ[name]!r}" for name in VARIABLES if os.environ.get(name))
        why = " ".join(str(error).split()) or "it finds no such device"
        do = "give one that is there, or leave it out, or JAX_PLATFORMS=cpu" if asked else "fix that"
        raise UserError(f"JAX cannot start{' with ' + asked if asked else ''}: {why}; {do}") from error


def device_bytes() -> int | None:
    """The memory of each of the present devices that programs can use; None where it is that of the computer."""
    import jax

    return (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit")
