"""What the command line says of the processes that are to work together."""

import dataclasses

from vpn_anomaly.errors import UserError

TIMEOUT = 45.0  # seconds
TIMEOUT_OF_CLUSTER = 300.0  # of processes that a cluster starts, when it has room for them


@dataclasses.dataclass(frozen=True)
class Processes:
    """The processes of one task, of which this one is to be a member.

    Attributes:
        coordinator: HOST:PORT of the first process; None: as JAX finds it (TPU pods, SLURM, Open MPI).
        count, index: how many there are, and which this one is; None likewise.
        timeout: seconds within which all have to come.
    """

    coordinator: str | None
    count: int | None
    index: int | None
    timeout: float = TIMEOUT

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the coordinator."""
        host, _, port = (self.coordinator or "").rpartition(":")
        return host.strip("[]"), int(port)


def checked(
    coordinator: str | None, count: int | None, index: int | None, detect: bool, timeout: float | None
) -> Processes | None:
    """The processes that the flags describe; None without any of them. UserError for flags that do not fit."""
    flags = {"--coordinator": coordinator, "--process_count": count, "--process_index": index}
    given = [name for name, value in flags.items() if value is not None]
    default = TIMEOUT_OF_CLUSTER if detect else TIMEOUT
    seconds = default if timeout is None else timeout
    if detect:
        if given:
            raise UserError(f"--distributed finds the processes by itself; leave out {' and '.join(given)}")
        return Processes(None, None, None, seconds)
    if not given:
        if timeout is not None:
            raise UserError("--coordinator_timeout is for several processes: give --coordinator as well")
        return None
    missing = [name for name in flags if name not in given]
    if missing:
        raise UserError(f"{' and '.join(missing)} missing beside {' and '.join(given)}; give all three")
    assert coordinator is not None and count is not None and index is not None
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise UserError(
            f"--coordinator={coordinator} has to be HOST:PORT of process 0, such as localhost:1234"
        )
    if not 0 <= index < count:
        raise UserError(
            f"--process_index={index} of --process_count={count}: the indices are 0 to {count - 1}"
        )
    return Processes(coordinator, count, index, seconds)
