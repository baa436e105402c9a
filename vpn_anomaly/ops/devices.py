"""Whether JAX has a device to compute on."""

import os

from vpn_anomaly.errors import UserError

VARIABLES = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")  # that choose the device


def check_devices() -> None:
    """Starts JAX, to be called before any work is done.

    UserError, one line, where the environment asks for a device that is not there, or has settings
    that JAX does not take.
    """
    try:
        import jax  # here, as some settings fail as soon as it is imported

        jax.devices()
    except Exception as error:  # by platform and variable: RuntimeError, AssertionError, ValueError …
        asked = " and ".join(f"{name}={os.environ[name]!r}" for name in VARIABLES if os.environ.get(name))
        why = " ".join(str(error).split()) or "it finds no such device"
        do = "give one that is there, or leave it out, or JAX_PLATFORMS=cpu" if asked else "mend that"
        raise UserError(f"JAX cannot start{' with ' + asked if asked else ''}: {why}; {do}") from error
