"""Finds damaged frames, including those that the decoder does not mark."""

import bisect

# Packets by which a decoder delays a picture at most: 16 frames, each in two fields.
LONGEST_DELAY = 34


class DamageTracker:
    """Follows the packets and frames of one stream.

    A decoder marks pictures with decoding errors, but not those that refer to a key frame that was
    damaged or missing, which may be nearly black. Here all frames from a damaged key frame, or an
    undecodable packet, to the next intact key frame count as damaged. A demuxer's corrupt flag on a
    packet is ignored: it is also set where intact files are concatenated.

    Attributes:
        damaged_frames: number of damaged frames so far.
        no_reference: whether no frame has been intact so far.
    """

    def __init__(self, stream):
        self._decoder = stream.codec_context
        self._intra_only = self._decoder.codec.intra_only
        self.damaged_frames, self.no_reference = 0, True
        self._packets = self._undecodable = 0
        self._keys = set()  # numbers of key packets whose frames have not been output
        self._places = []  # numbers of packets damaged since the last intact key frame
        self._decoder_knows_keys = False

    def note_packet(self, packet) -> None:
        """Records the next packet, before it is decoded."""
        number = self._packets
        if packet.is_keyframe:
            self._keys.add(number)
        if not (number or packet.is_keyframe):
            self._places.append(number)
        if self._decoder.reorder_depth:  # other decoders may free it in their own threads
            _number_frames(self._decoder)
            packet.opaque = (number,)
        self._packets += 1

    def note_undecodable(self) -> None:
        """Records that the last packet could not be decoded."""
        self._undecodable += 1
        self._keys.discard(self._packets - 1)
        bisect.insort(self._places, self._packets - 1)

    def count_left_out(self, first_frame) -> int:
        """How many frames the decoder dropped before its first one, as their reference is missing.

        They count as damaged.
        """
        if not self._places or self._places[0]:
            return 0
        count = max(0, self._number(first_frame) - self._undecodable)
        self.damaged_frames += count
        return count

    def is_damaged(self, frame) -> bool:
        """Whether the next decoded frame is damaged."""
        number = self._number(frame)
        self._decoder_knows_keys |= frame.key_frame
        is_key = frame.key_frame or not self._decoder_knows_keys and number in self._keys
        self._keys.discard(number)
        if is_key or self._intra_only:
            if frame.is_corrupt:
                bisect.insort(self._places, number)
            del self._places[: bisect.bisect_left(self._places, number)]
        damaged = frame.is_corrupt or bool(self._places) and self._places[0] <= number
        self.damaged_frames += damaged
        self.no_reference &= damaged
        return damaged

    @property
    def holds_key(self) -> bool:
        """Whether the decoder still buffers a key frame."""
        return any(number + LONGEST_DELAY > self._packets for number in self._keys)

    def _number(self, frame) -> int:
        return frame.opaque[0] if frame.opaque else self._packets - 1


def _number_frames(decoder) -> None:
    from av.codec.context import Flags

    if not decoder.flags & Flags.copy_opaque:
        decoder.flags |= Flags.copy_opaque
