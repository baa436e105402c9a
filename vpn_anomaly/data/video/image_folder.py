"""The images of a folder as the frames of a video."""

import collections
import pathlib
import re
from collections.abc import Iterator, Sequence

from vpn_anomaly.data import memory_limit
from vpn_anomaly.data.memory_limit import MemoryLimit
from vpn_anomaly.data.video import image_file
from vpn_anomaly.data.video.image_depth import EIGHT_BITS, ValueRange, depth_mismatch, depth_of, to_eight_bits
from vpn_anomaly.errors import UserError

NAMED = 5  # images or gaps that are listed in a message


class ImageFolder:
    """Images in the given order, `rate` per second; all pictures of a stack or an animation.

    Unreadable images are skipped. Their indices are not reused, so that index / rate remains the time
    of an image. Other files of the folder are ignored without a message: many data sets have label
    files beside the images.
    """

    live = False

    def __init__(
        self,
        source: str,
        paths: list[pathlib.Path],
        rate: float,
        depth: int = 0,
        limit: MemoryLimit | None = None,
    ):
        """depth: bit depth that the normal footage uses, for images of more than 8 bits; 0 or
        EIGHT_BITS: the depth that these images use, which are then all read once before the first is
        yielded. limit: memory that a picture may take; None: the default."""
        if not paths:
            raise UserError(f"{source}: no images in it; give a folder of jpg, png, tif or other images")
        self.rate = rate
        pages = image_file.count(paths[0])
        several = pages > 1 and len(paths) > 1  # stacks, whose pages are not counted in advance
        self.expected_frames = None if several else pages * len(paths)
        self._paths, self._known = paths, depth
        self._limit = limit or memory_limit.for_footage()
        self._depth = None if depth in (0, EIGHT_BITS) else depth
        self._range, self._read = ValueRange(), 0
        self._unread, self._notes = [], []

    def pictures(self) -> Iterator[tuple]:
        """Yields (index, seconds, av.VideoFrame)."""
        index = 0
        for path in self._paths:

            def note(line, name=path.name):
                self._notes.append(f"{name}: {line}")

            for page, picture in enumerate(image_file.pictures(path, note, self._limit)):
                if isinstance(picture, image_file.Unreadable):
                    self._unread.append(_name(path, page, picture.why))
                else:
                    self._read += 1
                    yield index, index / self.rate, self._frame(picture)
                index += 1

    def problems(self) -> list[str]:
        """The problems found so far, one phrase each."""
        found = []
        if self._unread:
            count = self._read + len(self._unread)
            found.append(f"{len(self._unread)} of {count} images cannot be read ({shortened(self._unread)})")
        missing = gaps([path.stem for path in self._paths])
        if missing:
            found.append(f"images are missing by their numbers ({shortened(missing)})")
        if self._notes:
            found.append(shortened(self._notes))
        other_depth = depth_mismatch(self._range.depth, self._known)
        if other_depth and self._read:
            found.append(other_depth)
        return found

    def close(self) -> None:
        """Does nothing: no file stays open."""

    def _frame(self, picture):
        """The picture as an 8-bit av.VideoFrame."""
        if not isinstance(picture, image_file.HighDepthImage):
            return picture
        if self._depth is None:
            self._depth = depth_of(self._paths, self._limit)
        self._range.add(picture)
        return image_file.as_video_frame(to_eight_bits(picture, self._depth))


def gaps(names: list[str]) -> list[str]:
    """The missing numbers, as "7" or "7-9", judged by the last number in each name.

    The step between numbers may be larger than one (0, 5, 10 …): it is the most common difference,
    if at least half of the differences equal it. Otherwise, as for names made of times, nothing counts
    as missing.
    """
    numbers = [re.findall(r"\d+", name)[-1:] for name in names]
    if not all(numbers) or len(numbers) < 3:
        return []
    numbers = [int(number) for (number,) in numbers]
    pairs = list(zip(numbers, numbers[1:], strict=False))
    steps = collections.Counter(after - before for before, after in pairs)
    step, count = steps.most_common(1)[0]
    if step < 1 or 2 * count < len(pairs):
        return []
    found = []
    for before, after in pairs:
        first, last = before + step, after - step
        if first <= last:
            found.append(str(first) if first == last else f"{first}-{last}")
    return found


def shortened(names: Sequence[str]) -> str:
    """The first NAMED of the names, and the number of further ones."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _name(path: pathlib.Path, page: int, why: str) -> str:
    """The name of an unreadable picture; pages count from 1, and the first page is not mentioned."""
    return path.name + (f" page {page + 1}" if page else "") + (f": {why}" if why else "")
