"""The program vpn-anomaly: a command for each mode, vpn-anomaly score … for --mode=score …"""

import sys
from collections.abc import Sequence

from vpn_anomaly import command_line, usage
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import executed, run
from vpn_anomaly.modes import MODES
from vpn_anomaly.text.display_names import display_name_of_missing


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command, given without the program's name; returns the exit code, as `main.main` does."""
    return executed(sys.argv[1:] if argv is None else list(argv), _run)


def _run(argv: Sequence[str]) -> None:
    command, *rest = argv or ["--help"]
    if command.startswith("-"):
        if command_line.asks_for_help([command]):
            print(usage.help_of_commands())
        else:
            run(argv)
        return
    if command not in MODES:
        given = display_name_of_missing(command)
        raise UserError(f"there is no command {given!r}; the commands are: {', '.join(MODES)}")
    if command_line.asks_for_help(rest):
        print(usage.help_of(command))
        return
    if any(argument.lstrip("-").partition("=")[0] == "mode" for argument in rest if argument.startswith("-")):
        raise UserError(f"vpn-anomaly {command} is a mode already; leave --mode out")
    run([f"--mode={command}", *rest])


if __name__ == "__main__":
    sys.exit(main())
