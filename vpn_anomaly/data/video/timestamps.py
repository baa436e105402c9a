"""Chooses the timestamp that gives a frame's presentation time."""

from typing import NamedTuple

LONGEST_REORDERING = 17  # frames: 16 that a decoder may hold back, and the one that precedes them


class FrameTimestamps(NamedTuple):
    """Two timestamps of a frame, in seconds from an arbitrary zero: its own, and that of the last packet."""

    own: float | None
    reached: float | None


class Timestamps:
    """The timestamps of one stream's frames, in presentation order.

    With B-frames, packets are stored in another order than frames are presented. Most files state
    both the decoding time of a packet and the presentation time of its frame. Some state only the
    former: every AVI, and carelessly made files of other kinds. Then the packets' timestamps increase
    while the frames' do not, and the right one is that of the last packet that the decoder had read
    when it output the frame: the frame's own, plus the decoder's delay. The last frames, which follow
    all packets, then have none. Raw streams have no timestamps at all; those that FFmpeg makes up for
    some of them are not used.
    """

    def __init__(self, container, stream):
        self._bare = bool(container.format.flags & _flag_of_no_stamps())
        self._is_avi = self._by_decoding = container.format.name == "avi"
        self._decoder = stream.codec_context
        self._packets_grow = True
        self._reached = self._last_own = None
        self._frames = 0

    def note_packet(self, packet) -> None:
        """Records the next packet, before it is decoded; the last is an empty one."""
        last = self._reached
        # For an AVI, FFmpeg sets the pts to the next packet's dts.
        self._reached = _seconds(packet.dts if self._is_avi else packet.pts, packet.time_base)
        if None not in (last, self._reached) and self._reached < last:
            self._packets_grow = False

    def note_frame(self, frame) -> FrameTimestamps:
        """The timestamps of the next frame."""
        own = _seconds(frame.pts, frame.time_base)
        if None not in (own, self._last_own) and own < self._last_own and self._packets_grow:
            self._by_decoding = True
        self._last_own = own
        self._frames += 1
        return FrameTimestamps(own, self._reached)

    @property
    def known(self) -> bool:
        """Whether the frames so far determine which timestamp is right; until then they are kept back."""
        return (
            self._bare
            or self._by_decoding
            or not self._packets_grow
            or not self._decoder.reorder_depth
            or self._frames > LONGEST_REORDERING
        )

    def seconds(self, stamp: FrameTimestamps) -> float | None:
        """The presentation time for these timestamps, from an arbitrary zero; None without one."""
        if self._bare:
            return None
        return stamp.reached if self._by_decoding else stamp.own


def _seconds(ticks: int | None, time_base) -> float | None:
    return None if ticks is None or time_base is None else float(ticks * time_base)


def _flag_of_no_stamps() -> int:
    from av.format import Flags

    return Flags.no_timestamps.value
