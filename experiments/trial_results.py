"""The file that a program of trials adds to, trial by trial: what is in it is not tried again."""

import json
import pathlib

from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files


def open_results(output: pathlib.Path, key: str, what: str) -> dict:
    """What the file holds under `key`, {} if there is no file; and its folder is there, and can be written to.

    UserError where it cannot be written, and if the file holds something else than `what`.
    """
    output_files.check_outputs_in(output.parent, output.name)
    found = _stored(output, key, what)
    with output_files.storing(output.parent):
        output.parent.mkdir(parents=True, exist_ok=True)
    return found


def _stored(output: pathlib.Path, key: str, what: str) -> dict:
    if not output.exists():
        return {}
    try:
        return dict(json.loads(output.read_text(encoding="utf-8"))[key])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{output} holds no {what}; give another --output") from error
