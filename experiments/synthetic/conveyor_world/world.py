"""The conveyor video: (seed, split, frame number) -> frame, with defects and their bounding boxes."""

import dataclasses
import functools
import math

import numpy as np

from experiments.synthetic.conveyor_world import parts, shapes
from experiments.synthetic.conveyor_world.background import Background, Light, noise, rail_rows
from experiments.synthetic.conveyor_world.boxes import box_in_view, changed_points
from experiments.synthetic.conveyor_world.schedule import BELT_KINDS, Event, make_schedule
from experiments.synthetic.conveyor_world.slot_items import defective_items, normal_items
from vpn_anomaly.data.random_bits import SPLITS
from vpn_anomaly.errors import UserError

SIZES = (32, 2048)  # range of height and width, pixels
RATES = (1, 240)  # frames per second
MINUTES = (0.01, 1440.0)
SEEDS = (0, 2**32 - 1)
PRODUCTS = (1, len(shapes.PRODUCTS))  # kinds of parts


@dataclasses.dataclass(frozen=True)
class Defect:
    """A visible defect.

    Attributes:
      kind: a name in schedule.KINDS.
      first, end: it is visible in the frames first, …, end − 1.
      boxes: for each of these frames (top, left, bottom, right) in pixels, half-open: all differences
        from a normal frame are inside frame[top:bottom, left:right].
    """

    kind: str
    first: int
    end: int
    boxes: tuple[tuple[int, int, int, int], ...]


class Conveyor:
    """A video of parts moving past on a textured belt under slowly changing light.

    The belt moves to the right by 2.1 to 2.9 pixels per frame. Parts are spaced 0.8 frame heights apart, of
    random kinds, and vary slightly in size, brightness, position and angle. Videos with the same seed and
    different splits show the same machine (belt, mean speed) with different parts, light and noise.

    A frame is a pure function of the arguments and its number, so any frame can be generated independently.
    Between machines whose sine functions differ in the last bit, frames may differ by one grey level.

    Args:
      seed: 0 to 2³² − 1.
      split: "train", "validation" or "test".
      minutes: length, 0.01 to 1440.
      height, width: 32 to 2048 pixels.
      rate: frames per second, 1 to 240.
      defects: number of defects; the kinds alternate in random order, with at least 5 s of normal frames
        around each defect.
      products: number of kinds of parts, 1 to 5; 1: only plates.

    Attributes:
      frames: number of frames.

    Raises:
      UserError: an argument is out of range, or the defects do not fit into the video.
    """

    def __init__(
        self,
        seed: int = 0,
        split: str = "train",
        *,
        minutes: float = 4.0,
        height: int = 96,
        width: int = 160,
        rate: int = 15,
        defects: int = 0,
        products: int = len(shapes.PRODUCTS),
    ):
        check_range("seed", seed, *SEEDS)
        check_range("minutes", minutes, *MINUTES)
        check_range("height", height, *SIZES)
        check_range("width", width, *SIZES)
        check_range("rate", rate, *RATES)
        check_range("defects", defects, 0, math.inf)
        check_range("products", products, *PRODUCTS)
        if split not in SPLITS:
            raise UserError(f"split={split}: there is no such split; give {', '.join(SPLITS)}")
        self.seed, self.split, self.height, self.width, self.rate = seed, split, height, width, rate
        self.frames = round(minutes * 60 * rate)
        self._products = tuple(kind for kind in shapes.PARTS if kind in shapes.PRODUCTS[:products])
        self._schedule = make_schedule(
            seed, split, frames=self.frames, height=height, width=width, rate=rate, defects=defects
        )
        self._event_of_slot = {event.slot: event for event in self._schedule.events if event.slot is not None}
        self._background = Background(seed, height, width)
        self._light = Light(seed, split, height, width, rate)
        # A slot is visible in many frames.
        self._items = functools.lru_cache(maxsize=64)(self._items_of_slot)

    def frame(self, index: int) -> np.ndarray:
        """The frame with this number, uint8 (H, W), a new array. IndexError outside the video."""
        return self._seen(index, self._schedule.offset_T, defective=True)

    def normal_frame(self, index: int) -> np.ndarray:
        """The same frame without its defect, with the same light and noise, uint8 (H, W).

        Equal to `frame` if no defect is visible. While the belt is stopped or reversed, the belt in this
        frame continues normally from its position at the start of the event.
        """
        return self._seen(index, self._schedule.normal_offset_T, defective=False)

    @functools.cached_property
    def defects(self) -> tuple[Defect, ...]:
        """All defects in temporal order. No two are visible in the same frame."""
        found = {True: self._belt_defect, False: self._passing_defect}
        return tuple(found[event.kind in BELT_KINDS](event) for event in self._schedule.events)

    @property
    def speed_T(self) -> np.ndarray:
        """Displacement of the belt to the right since the previous frame, pixels (T,); NaN for the first."""
        return np.diff(self._schedule.offset_T, prepend=np.nan)

    def _seen(self, index: int, offset_T: np.ndarray, defective: bool) -> np.ndarray:
        if not 0 <= index < self.frames:
            raise IndexError(f"frame {index} of a video of {self.frames} frames")
        offset = float(offset_T[index])
        picture_HxW = self._background.picture(offset)
        for slot in self._slots_in_view(offset):
            for item in self._items(slot)[defective]:
                parts.draw(picture_HxW, item, offset - slot * self._spacing)
        picture_HxW *= self._light.gain(index)
        picture_HxW += noise(self.seed, self.split, index, self.height, self.width)
        return np.clip(np.rint(picture_HxW), 0, 255).astype(np.uint8)

    def _slots_in_view(self, offset: float) -> list[float]:
        """Slots in view, including half slots that hold a foreign object."""
        reach = parts.furthest_reach(self.height)
        first = math.ceil((offset - self.width - reach) / self._spacing)
        last = math.floor((offset + reach) / self._spacing)
        between = (slot + 0.5 for slot in range(first - 1, last + 1))
        return [*range(first, last + 1), *(slot for slot in between if slot in self._event_of_slot)]

    def _items_of_slot(self, slot: float) -> tuple[tuple[parts.Part, ...], tuple[parts.Part, ...]]:
        """The items at a slot without and with its defect."""
        event, draw = self._event_of_slot.get(slot), (self.seed, self.split)
        normal = normal_items(*draw, slot, event, self.height, self._products)
        return normal, defective_items(*draw, normal, event, self.height)

    @property
    def _spacing(self) -> float:
        return parts.SPACING * self.height

    def _belt_defect(self, event: Event) -> Defect:
        rail = rail_rows(self.height)
        box = (rail, 0, self.height - rail, self.width)
        return Defect(event.kind, event.first, event.end, (box,) * (event.end - event.first))

    def _passing_defect(self, event: Event) -> Defect:
        points = changed_points(*self._items(event.slot), self.height)
        place_T = self._schedule.offset_T - event.slot * self._spacing
        half, reach = self.width / 2, parts.furthest_reach(self.height)
        near = np.flatnonzero(np.abs(place_T - half) < half + reach).tolist()
        boxes = {index: box_in_view(*points, float(place_T[index]), self.width) for index in near}
        seen = [index for index in near if boxes[index]]
        first, last = seen[0], seen[-1]
        while not self._differs(first):  # the faint edge of a shadow may change no grey level
            first += 1
        while not self._differs(last):
            last -= 1
        shown = tuple(boxes[index] for index in range(first, last + 1))
        return Defect(event.kind, first, last + 1, shown)

    def _differs(self, index: int) -> bool:
        return bool((self.frame(index) != self.normal_frame(index)).any())


def check_range(name: str, value: float, least: float, greatest: float) -> None:
    """Raises UserError unless least ≤ value ≤ greatest."""
    if not least <= value <= greatest:  # NaN too
        allowed = f"{least} or more" if greatest == math.inf else f"{least} to {greatest}"
        raise UserError(f"{name}={value}: give {allowed}")
