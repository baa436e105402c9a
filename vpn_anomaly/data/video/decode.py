"""Frames of one container (a file, a stream, a device), decoded by PyAV, including damaged ones."""

import collections
import itertools
import os
import re
import time
from collections.abc import Callable, Iterator

from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video import picture_size
from vpn_anomaly.data.video.damage import DamageTracker
from vpn_anomaly.data.video.timestamps import Timestamps
from vpn_anomaly.errors import UserError

NEEDED = "give a video that FFmpeg reads"
# After damage a demuxer often finds the next packet; otherwise decoding ends after so many tries.
DEMUXING_TRIES = 3
# Headers round, and sound may end later than the picture.
SECONDS_SHORT = 0.5
SECONDS_BETWEEN_POLLS = 0.002
# How far to look ahead for an intact key frame: in few streams they are minutes apart.
PACKETS_AHEAD = 1000


class Decoder:
    """The frames of an open container's video stream; closes the container.

    An undecodable packet is skipped and counted, and its index is not reused, so that later frames
    keep theirs; a damaged frame (see `DamageTracker`) is yielded and counted. Frames before the first
    intact key frame may show nothing at all: in a file they are skipped, also without reuse of their
    indices, unless no key frame follows (streams with gradual refresh). Decoding uses slice threads
    (PyAV's default): frame threads lose whole frames around damage.

    Attributes:
      live: whether frames arrive in real time; their seconds are then the clock's.
      rate: frames per second according to the container, None if it does not say.
      expected_frames: from the header's frame count, or its duration and rate; None: unknown.
    """

    def __init__(self, container, stream, live: bool, timeout: float = 0, hide: Callable[[str], str] = str):
        """hide: removes secrets from FFmpeg's messages."""
        self.live = live
        rate = stream.average_rate or stream.guessed_rate
        if container.format.name == "mpjpeg":  # single pictures over http; FFmpeg assumes a rate of 25
            rate = None
        self.rate = float(rate) if rate else None
        self._container, self._stream, self._timeout = container, stream, timeout
        self._hide = hide
        self._end = None if live else _end_seconds(container, stream)
        self.expected_frames = None if live else self._count_by_header()
        self._damage, self._timestamps = DamageTracker(stream), Timestamps(container, stream)
        self._ahead, self._given_damaged = collections.deque(), False
        self._index = self._packets = self._undecoded = self._passed_over = 0
        self._last_end = 0.0  # seconds, in the container's own time
        self._broke = None

    def pictures(self) -> Iterator[tuple]:
        """Yields (index, seconds, av.VideoFrame) in presentation order.

        The seconds count from an arbitrary zero, are None without a timestamp, and may be as wrong as the
        file's timestamps.
        """
        if self.live:
            yield from ((index, time.monotonic(), frame) for index, frame in self._frames())
            return
        kept = []
        for index, frame in self._frames():
            kept.append((index, self._timestamps.note_frame(frame), frame))
            if self._timestamps.known:
                yield from self._stamped(kept)
                kept.clear()
        yield from self._stamped(kept)

    def _stamped(self, frames) -> Iterator[tuple]:
        return ((index, self._timestamps.seconds(stamp), frame) for index, stamp, frame in frames)

    def _frames(self) -> Iterator[tuple]:
        """Yields (index, av.VideoFrame)."""
        demuxed = self._demuxed()
        while (packet := self._ahead.popleft() if self._ahead else next(demuxed, None)) is not None:
            for frame in self._decoded(packet):
                seconds = frame.time
                if seconds is not None:
                    length = float(frame.duration * frame.time_base) or 1 / (self.rate or 1)
                    self._last_end = max(self._last_end, seconds + length)
                if not (self._index or self._passed_over or self.live):
                    self._passed_over = self._index = self._damage.count_left_out(frame)
                if self._damage.is_damaged(frame) and self._is_passed_over(demuxed):
                    self._passed_over += 1
                else:
                    yield self._index, frame
                self._index += 1

    def _is_passed_over(self, demuxed) -> bool:
        """Whether to skip a damaged frame: no frame was intact so far, but a key frame follows."""
        if self.live or self._given_damaged or not self._damage.no_reference:
            return False
        comes = self._damage.holds_key or any(packet.is_keyframe for packet in self._ahead)
        more = itertools.islice(demuxed, max(0, PACKETS_AHEAD - len(self._ahead)))
        while not comes and (packet := next(more, None)) is not None:
            self._ahead.append(packet)
            comes = packet.is_keyframe
        self._given_damaged = not comes
        return comes

    def problems(self) -> list[str]:
        """The problems found so far, one phrase each."""
        found = []
        if self._broke:
            found.append(f"broke at frame {self._index}: {self._broke}")
        elif self.live:
            found.append(f"the stream ended at frame {self._index}")
        elif self._ends_early():
            of = f" of {self.expected_frames}" if self.expected_frames else ""
            found.append(f"truncated or damaged: it ends at frame {self._index}{of}")
        if self._undecoded:
            found.append(f"{_count(self._undecoded, 'packet')} could not be decoded")
        if self._damage.damaged_frames:
            passed = self._passed_over
            over = f", {passed} of them skipped: before the first intact key frame" if passed else ""
            found.append(
                f"{_count(self._damage.damaged_frames, 'frame')} decoded with errors in the picture{over}"
            )
        return found

    def close(self) -> None:
        self._container.close()

    def _demuxed(self) -> Iterator:
        """The packets; a last, empty one flushes the decoder."""
        import av

        tries, heard = DEMUXING_TRIES, time.monotonic()
        silence = f"no answer in {self._timeout:g} s"
        while tries:
            try:
                for packet in self._container.demux(self._stream):
                    tries, heard = DEMUXING_TRIES, time.monotonic()
                    yield packet
                return
            except av.BlockingIOError:  # a camera on macOS that has no frame yet
                time.sleep(SECONDS_BETWEEN_POLLS)
                if time.monotonic() - heard > self._timeout:
                    tries, self._broke = 0, silence
            except av.InvalidDataError as error:
                tries = 0 if self.live else tries - 1
                self._broke = None if tries else self._hide(reason(error))
            except av.ExitError:
                tries, self._broke = 0, silence
            except (av.FFmpegError, OSError) as error:
                tries, self._broke = 0, self._hide(reason(error))
        flush = av.Packet()
        flush.time_base = self._stream.time_base
        yield flush

    def _decoded(self, packet) -> list:
        import av

        is_flush = packet.dts is None and not packet.size
        self._packets += not is_flush
        self._timestamps.note_packet(packet)
        if not is_flush:
            self._damage.note_packet(packet)
        try:
            return self._stream.decode(packet)
        except (av.FFmpegError, OSError):
            if not is_flush:
                self._damage.note_undecodable()
                self._undecoded += 1
                self._index += not self.live
            return []

    def _count_by_header(self) -> int | None:
        if self._stream.frames:
            return self._stream.frames
        if self._end is None or self.rate is None:
            return None
        return round((self._end - _start_seconds(self._stream)) * self.rate)

    def _ends_early(self) -> bool:
        """Whether there were fewer frames than the header states, by both count and time.

        The count alone is not enough: an AVI counts repeated frames that it does not contain. Nor is the
        time: FFmpeg computes the duration of an AVI from the file size.
        """
        if self._stream.frames:
            seconds = self._stream.frames / (self.rate or 1) + _start_seconds(self._stream)
            by_time = self._last_end < seconds - 0.5 / (self.rate or 1)
            return self._packets < self._stream.frames and by_time
        tolerance = max(SECONDS_SHORT, 2 / (self.rate or 1))
        return self._end is not None and self._last_end < self._end - tolerance


def open_file(path: str, limit: MemoryLimit) -> Decoder:
    """The decoder of a video file. UserError, one line, for any other file and one that is too large."""
    import av

    try:
        if not os.path.getsize(path):
            raise UserError(f"{path}: the file is empty; {NEEDED}")
        # "file:" keeps FFmpeg from taking a colon in the path for a protocol.
        container = av.open(
            f"file:{path}", options=picture_size.decoder_options(limit), metadata_errors="replace"
        )
    except av.InvalidDataError as error:
        line = f"{path}: not a video, or one cut off before its index; {NEEDED}"
        raise UserError(line) from error
    except (OSError, av.FFmpegError) as error:
        raise UserError(f"{path}: cannot be opened ({reason(error)}); {NEEDED}") from error
    stream = video_stream(container, path, limit)
    try:
        if not stream.codec_context.width:
            picture_size.check_refused(path, limit)
    except UserError:
        container.close()
        raise
    return Decoder(container, stream, live=False)


def video_stream(container, name: str, limit: MemoryLimit):
    """The container's video stream. Closes the container and raises UserError if it has none, or if
    its frames exceed the memory limit."""
    stream = container.streams.best("video")
    is_text = container.format.name == "tty"  # FFmpeg renders text files as video
    is_decodable = stream is not None and stream.codec_context is not None
    if is_decodable and not _is_cover(stream) and not is_text:
        codec = stream.codec_context
        try:
            picture_size.check(name, codec.height, codec.width, limit)
        except UserError:
            container.close()
            raise
        codec.options = {**codec.options, **picture_size.decoder_options(limit)}
        return stream
    kinds = sorted({other.type for other in container.streams if not _is_cover(other)})
    held = "text" if is_text else " and ".join(kinds) or "nothing"
    container.close()
    raise UserError(f"{name}: no video in it, only {held}; {NEEDED}")


def reason(error: Exception) -> str:
    """The operating system's or FFmpeg's message of an error, without its number.

    An address in it still has its secrets (see `display_names.mask_secrets`)."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return words[:1].lower() + words[1:]


def _is_cover(stream) -> bool:
    """Whether the stream is the cover picture of an audio file."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _start_seconds(stream) -> float:
    return float((stream.start_time or 0) * stream.time_base) if stream.time_base else 0.0


def _end_seconds(container, stream) -> float | None:
    """The end of the video according to the container's header, in its own time; None: not stated."""
    if stream.duration:
        return _start_seconds(stream) + float(stream.duration * stream.time_base)
    # Matroska and WebM state a stream's duration only in a tag: 00:01:02.345000000
    tag = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", ""))
    if tag:
        hours, minutes, seconds = map(float, tag.groups())
        return 3600 * hours + 60 * minutes + seconds
    if container.duration and len(container.streams) == 1:  # else it may be the duration of the sound
        return ((container.start_time or 0) + container.duration) / 1e6
    return None


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count > 1)}"
