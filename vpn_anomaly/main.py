"""Train, evaluate, score and watch: python -m vpn_anomaly.main --config=configs/quick.py (see --help)."""

import functools
import sys
from collections.abc import Callable, Sequence

from vpn_anomaly import __version__, command_line, modes, task_identity, usage
from vpn_anomaly.distributed import group, starting
from vpn_anomaly.files import output_files
from vpn_anomaly.text.error_lines import report_error
from vpn_anomaly.text.failsafe_streams import failsafe_streams
from vpn_anomaly.text.warning_lines import warnings_on_stderr


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line, given without the program's name; returns the exit code.

    0: done, or stopped by SIGTERM and saved. 2: an error in the request, reported in one line.
    130: stopped by Ctrl-C. Failures to print to stdout or stderr affect neither the work nor the code.
    """
    return executed(sys.argv[1:] if argv is None else list(argv), run)


@failsafe_streams()
def executed(argv: Sequence[str], run: Callable[[Sequence[str]], None]) -> int:
    """Calls `run` with the command line; returns the exit code, see `main`."""
    try:
        with warnings_on_stderr():
            run(argv)
    except (Exception, KeyboardInterrupt) as error:
        code = report_error(error, argv)
        starting.leave_group(code)
        if code is None:
            raise
        return code
    return 0


def run(argv: Sequence[str]) -> None:
    """Does what a command line asks for. UserError if that cannot be done, KeyboardInterrupt after Ctrl-C."""
    if command_line.asks_for_help(argv):
        print(usage.help_text())
        return
    if command_line.asks_for_version(argv):
        print(f"vpn_anomaly {__version__}")
        return
    arguments = command_line.parse(argv)
    with starting.taking_part(arguments.processes, functools.partial(task_identity.of, arguments), argv):
        for path in arguments.files_written.values():  # before weights are restored or footage is decoded
            group.by_first(functools.partial(output_files.check_output, path))
        modes.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
