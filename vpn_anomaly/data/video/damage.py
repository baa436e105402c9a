"""Which decoded frames are damaged, also where the decoder does not say so."""

import bisect

# A decoder gives a picture at most so many packets later: 16 frames, each in two fields.
LONGEST_DELAY = 34


class DamageTracker:
    """Follows the packets and frames of one stream.

    A decoder marks the pictures in which it met errors. It does not mark those that refer to a key
    frame that was damaged or never came, and that may be nearly black. Here all count as damaged
    from a damaged key frame, or a packet that could not be decoded, to the next whole key frame.
    That a demuxer calls a packet corrupt says nothing: it does so too where whole files are joined.

    Attributes:
        frames: so many were damaged.
        no_reference: no frame was whole so far.
    """

    def __init__(self, stream):
        self._decoder = stream.codec_context
        self._intra_only = self._decoder.codec.intra_only
        self.damaged_frames, self.no_reference = 0, True
        self._packets = self._undecodable = 0
        self._keys = set()  # numbers of key packets whose frames have not come out
        self._places = []  # numbers of packets that were damaged since the last whole key frame
        self._decoder_knows_keys = False

    def note_packet(self, packet) -> None:
        """Takes note of the next packet, before it is decoded."""
        number = self._packets
        if packet.is_keyframe:
            self._keys.add(number)
        if not (number or packet.is_keyframe):
            self._places.append(number)
        if self._decoder.reorder_depth:  # other decoders may free it in threads of their own
            _number_frames(self._decoder)
            packet.opaque = (number,)
        self._packets += 1

    def note_undecodable(self) -> None:
        """The packet before could not be decoded."""
        self._undecodable += 1
        self._keys.discard(self._packets - 1)
        bisect.insort(self._places, self._packets - 1)

    def count_left_out(self, first_frame) -> int:
        """How many the decoder left out before its first frame, as they refer to none; they count."""
        if not self._places or self._places[0]:
            return 0
        count = max(0, self._number(first_frame) - self._undecodable)
        self.damaged_frames += count
        return count

    def is_damaged(self, frame) -> bool:
        """Whether the next frame is damaged."""
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
        """Whether the decoder holds back a key frame."""
        return any(number + LONGEST_DELAY > self._packets for number in self._keys)

    def _number(self, frame) -> int:
        return frame.opaque[0] if frame.opaque else self._packets - 1


def _number_frames(decoder) -> None:
    from av.codec.context import Flags

    if not decoder.flags & Flags.copy_opaque:
        decoder.flags |= Flags.copy_opaque
