"""From clips to scores and maps, in batches; evaluation, calibration and files all use it."""

import dataclasses
import functools
import operator
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.distributed.sharing import concatenated
from vpn_anomaly.scoring.scores import frame_scores, in_order
from vpn_anomaly.systems.system import Maps, System

# Frames that are scored at once, unless `batch_size` is larger: where every frame of long sequences is
# scored, a batch holds fewer sequences, or it would not fit in memory.
FRAMES_AT_ONCE = 64
DATA = "data"  # the mesh axis over which a batch is split


@dataclasses.dataclass(frozen=True, eq=False)
class ClipScorer:
    """Scores sequences by a trained system, each under the same shifted masks.

    Attributes:
        system, params: what was trained; params as numpy.
        shift_Mx2: the shifts of the masks; the maps are averaged over them.
        batch_size: sequences per batch, fewer where many frames are scored; split over the devices of this
            process. The scores depend on neither.
    """

    system: System
    params: Any
    shift_Mx2: np.ndarray
    batch_size: int

    @functools.cached_property
    def _mesh(self) -> Mesh:
        return Mesh(np.array(jax.local_devices()), (DATA,))

    @functools.cached_property
    def _placed(self):
        """The parameters, on every device of this process."""
        return jax.device_put(self.params, NamedSharding(self._mesh, PartitionSpec()))

    def batches(self, clip_NxTxHxWxC, frames: tuple[int, ...]) -> Iterator[tuple[dict, Maps]]:
        """Yields per batch of b clips the scores (b, G) by name and the maps (b, G, H, W), numpy.

        Args:
            clip_NxTxHxWxC: uint8.
            frames: numbers of the G frames to score.
        """
        at_once = max(self.batch_size, FRAMES_AT_ONCE) // len(frames)
        batch_size = min(self.batch_size, max(1, at_once))
        batch_size += -batch_size % self._mesh.size
        for start in range(0, len(clip_NxTxHxWxC), batch_size):
            clip = np.asarray(clip_NxTxHxWxC[start : start + batch_size])
            missing = batch_size - len(clip)  # the compiled function takes whole batches
            filled = np.concatenate([clip, np.repeat(clip[:1], missing, axis=0)])
            outputs = jax.device_get(
                _scores_and_maps(self.system, self._placed, filled, self.shift_Mx2, frames, self._mesh)
            )
            scores, maps = jax.tree.map(operator.itemgetter(slice(len(clip))), outputs)
            yield in_order(scores), maps

    def scores(
        self, clip_NxTxHxWxC, frame: int, after_batch: Callable = lambda count: None
    ) -> dict[str, np.ndarray]:
        """The scores of one frame of every clip, by name, (N,). `after_batch` is called with its clips' count.

        Without clips, no scores.
        """
        parts = []
        for scores, _ in self.batches(clip_NxTxHxWxC, (frame,)):
            parts.append({name: score_Bx1[:, 0] for name, score_Bx1 in scores.items()})
            after_batch(len(next(iter(scores.values()))))
        return concatenated(parts)


@functools.partial(jax.jit, static_argnames=("system", "frames", "mesh"))
def _scores_and_maps(system, params, clip_BxTxHxWxC, shift_Mx2, frames, mesh):
    """At module level, so that calibration and evaluation share one compilation."""

    def of_device(params, clip_bxTxHxWxC, shift_Mx2):
        maps = system.maps(params, clip_bxTxHxWxC, shift_Mx2, frames)
        return frame_scores(maps), maps

    whole, split = PartitionSpec(), PartitionSpec(DATA)
    over_devices = jax.shard_map(
        of_device, mesh=mesh, in_specs=(whole, split, whole), out_specs=split, check_vma=False
    )
    return over_devices(params, clip_BxTxHxWxC, shift_Mx2)


def build_scorer(config, system: System, params) -> ClipScorer:
    """A scorer with the masks and the batch size of a configuration."""
    shift_Mx2 = fixed_shifts(config.score.masks, tuple(config.data.lattice))
    return ClipScorer(system, jax.device_get(params), shift_Mx2, config.evaluate.batch_size)
