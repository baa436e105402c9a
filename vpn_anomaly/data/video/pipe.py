"""Video that comes through a pipe: the standard input, a named pipe, what another program sends."""

import os
import re
import select
import stat
from collections.abc import Callable

from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video import picture_size
from vpn_anomaly.data.video.decode import NEEDED, Decoder, reason, video_stream
from vpn_anomaly.errors import UserError

STDIN = "/dev/stdin"
SECONDS_BETWEEN_ASKING = 0.2
ADVICE = (
    "a pipe takes what needs no look back, such as .mkv, .ts or .mjpeg, and .mp4 with -movflags"
    " frag_keyframe+empty_moov"
)


def is_pipe(source: str) -> bool:
    """Whether it is a named pipe, or a descriptor (/dev/stdin, /dev/fd/N) that is a pipe or socket."""
    try:
        mode = os.stat(source).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def open_pipe(path: str, limit: MemoryLimit, stopped: Callable[[], bool] = lambda: False) -> Decoder:
    """The decoder of a video that comes through a pipe. All frames are given: the writer has to wait.

    Args:
      stopped: asked while the pipe is silent; the video ends when it says true.

    UserError, one line, where it cannot be opened, and where what comes is no video or takes too much.
    """
    import av

    try:
        pipe = _Pipe(path, stopped)
    except OSError as error:
        raise UserError(f"{path}: cannot be opened ({reason(error)}); {NEEDED}") from error
    try:
        container = av.open(pipe, options=picture_size.decoder_options(limit), metadata_errors="replace")
        return _PipeDecoder(container, video_stream(container, path, limit), pipe)
    except (OSError, av.FFmpegError) as error:
        pipe.close()
        why = f"not a video ({reason(error)})" if pipe.read_anything else "nothing came through the pipe"
        raise UserError(f"{path}: {why}; {NEEDED}; {ADVICE}") from error
    except BaseException:
        pipe.close()
        raise


class _PipeDecoder(Decoder):
    def __init__(self, container, stream, pipe: "_Pipe"):
        super().__init__(container, stream, live=False)
        self._pipe = pipe

    def problems(self) -> list[str]:
        found = super().problems()
        return found + [ADVICE] * (bool(found) and not self._index)

    def close(self) -> None:
        super().close()
        self._pipe.close()


class _Pipe:
    """What PyAV reads from. It waits here, not in FFmpeg, so that signals are heard meanwhile."""

    def __init__(self, path: str, stopped: Callable[[], bool]):
        self.read_anything, self._stopped = False, stopped
        number = re.fullmatch(r"/dev/fd/(\d+)|/proc/self/fd/(\d+)", path)
        if path == STDIN:
            self._descriptor = os.dup(0)
        elif number:  # a socket cannot be opened by this name
            self._descriptor = os.dup(int(number[1] or number[2]))
        else:  # would else wait for its writer where no signal is heard
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes as soon as there are some; none at the end."""
        while not self._stopped():
            if self._poll.poll(1000 * SECONDS_BETWEEN_ASKING):
                content = os.read(self._descriptor, size)
                self.read_anything |= bool(content)
                return content
        return b""

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
