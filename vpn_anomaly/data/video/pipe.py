"""Video from a pipe: standard input, a named pipe, the output of another program."""

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
SECONDS_BETWEEN_POLLS = 0.2
ADVICE = (
    "a pipe takes what needs no look back, such as .mkv, .ts or .mjpeg, and .mp4 with -movflags"
    " frag_keyframe+empty_moov"
)


def is_pipe(source: str) -> bool:
    """Whether the source is a named pipe, or a descriptor (/dev/stdin, /dev/fd/N) of a pipe or socket."""
    try:
        mode = os.stat(source).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def open_pipe(path: str, limit: MemoryLimit, stopped: Callable[[], bool] = lambda: False) -> Decoder:
    """The decoder of a video from a pipe. No frame is dropped: the writer has to wait.

    Args:
      stopped: polled while the pipe is silent; once it returns true, the video ends.

    UserError, one line, if it cannot be opened, or its content is not a video or exceeds the limit.
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
    """The file object that PyAV reads. Waiting here, not in FFmpeg, keeps signals handled meanwhile."""

    def __init__(self, path: str, stopped: Callable[[], bool]):
        self.read_anything, self._stopped = False, stopped
        number = re.fullmatch(r"/dev/fd/(\d+)|/proc/self/fd/(\d+)", path)
        if path == STDIN:
            self._descriptor = os.dup(0)
        elif number:  # a socket cannot be opened by this name
            self._descriptor = os.dup(int(number[1] or number[2]))
        else:  # a blocking open would wait for the writer without handling signals
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, as soon as there are any; empty at the end."""
        while not self._stopped():
            if self._poll.poll(1000 * SECONDS_BETWEEN_POLLS):
                content = os.read(self._descriptor, size)
                self.read_anything |= bool(content)
                return content
        return b""

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
