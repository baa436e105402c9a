"""Which time stamp says when a frame is shown."""

from typing import NamedTuple

LONGEST_REORDERING = 17  # frames: 16 that a decoder may keep back, and the one that comes before them


class FrameTimestamps(NamedTuple):
    """Two stamps of a frame, in seconds by any zero: its own, and where the decoder was then."""

    own: float | None
    reached: float | None


class Timestamps:
    """The stamps of one stream's frames, in the order in which they are shown.

    With B-frames, packets lie in a file in another order than frames are shown in. Most files say
    both when a packet is decoded and when its frame is shown. Some say the first alone: every AVI,
    and files of other kinds that were made carelessly. Then packets have growing stamps while frames
    have not, and what counts is the stamp of the packet that the decoder had reached when it gave
    the frame: the frame's own, later by what the decoder keeps back. The last frames, which come
    after all packets, have none then. Files of bare pictures have no stamps at all; what FFmpeg
    makes up for some of them is not used.
    """

    def __init__(self, container, stream):
        self._bare = bool(container.format.flags & _flag_of_no_stamps())
        self._is_avi = self._by_decoding = container.format.name == "avi"
        self._decoder = stream.codec_context
        self._packets_grow = True
        self._reached = self._last_own = None
        self._frames = 0

    def note_packet(self, packet) -> None:
        """Takes note of the next packet, before it is decoded; the last is an empty one."""
        last = self._reached
        # In an AVI, FFmpeg takes the next packet's dts for the pts.
        self._reached = _seconds(packet.dts if self._is_avi else packet.pts, packet.time_base)
        if None not in (last, self._reached) and self._reached < last:
            self._packets_grow = False

    def note_frame(self, frame) -> FrameTimestamps:
        """The stamps of the next frame."""
        own = _seconds(frame.pts, frame.time_base)
        if None not in (own, self._last_own) and own < self._last_own and self._packets_grow:
            self._by_decoding = True
        self._last_own = own
        self._frames += 1
        return FrameTimestamps(own, self._reached)

    @property
    def known(self) -> bool:
        """Whether the frames so far show which stamp it is; until then they are better kept."""
        return (
            self._bare
            or self._by_decoding
            or not self._packets_grow
            or not self._decoder.reorder_depth
            or self._frames > LONGEST_REORDERING
        )

    def seconds(self, stamp: FrameTimestamps) -> float | None:
        """When the frame of this stamp is shown, by any zero; None: it has none."""
        if self._bare:
            return None
        return stamp.reached if self._by_decoding else stamp.own


def _seconds(ticks: int | None, time_base) -> float | None:
    return None if ticks is None or time_base is None else float(ticks * time_base)


def _flag_of_no_stamps() -> int:
    from av.format import Flags

    return Flags.no_timestamps.value
