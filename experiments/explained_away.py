"""Measures how far the shown pixels of an anomalous frame explain it away.

    python -m experiments.explained_away [--checkpoint=pretrained] [--sequences=256] [--output=FILE.json]

CHECKPOINT is `pretrained` or a folder written by experiments.export_weights, of system inpainting. For normal
validation sequences and one mask: the mean surprise of the hidden pixels, nats, of the last frame; of the first
frame in its place, with its own pixels shown; and of the same frame, where the pixels of the last frame are shown
instead. The second is what the paper's score sees of a replaced frame; the third what the past alone would say.
"""

import functools
import sys
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from experiments.command_line import Parser, entry_point, file_path
from vpn_anomaly.catalogue import system_named
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.lattice import fixed_shifts, shown
from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.errors import UserError
from vpn_anomaly.files import output_files
from vpn_anomaly.scoring.trained_model import trained_export
from vpn_anomaly.storage import exported_weights, workdir
from vpn_anomaly.systems.build import build_system
from vpn_anomaly.systems.distributions import frame_statistics
from vpn_anomaly.systems.frames import intensity

BATCH = 16
CASES = {
    "normal": ("last", "last"),
    "replaced, its own pixels shown": ("first", "first"),
    "replaced, pixels of the last frame shown": ("last", "first"),
}  # whose pixels are shown, whose surprise is measured


@functools.partial(jax.jit, static_argnames="system")
def surprise_of_hidden(system, params, clip_BxTxHxWxC, shown_from_BxHxWxC, value_BxHxWxC, shown_BxHxW):
    """Mean surprise of the hidden pixels of frames in the place of the last, (B,), nats.

    shown_from: the frames of which pixels are shown.
    """
    network, context = system.network, system.network.context
    past = intensity(clip_BxTxHxWxC[:, :-1])
    memory, _ = network.apply({"params": params}, past, method="encode_frames")
    seen = (memory[:, -context:], past[:, -context:], intensity(shown_from_BxHxWxC), shown_BxHxW)
    features = network.apply({"params": params}, *seen, method="inpaint")
    output_layer = params["output_kernel"], params["output_bias"]
    statistics = frame_statistics(features[:, None], output_layer, value_BxHxWxC[:, None], tail=False)
    hidden = ~shown_BxHxW
    return (statistics["surprise"][:, 0] * hidden).sum((1, 2)) / hidden.sum((1, 2))


def explained_away(config, params, count: int) -> dict[str, float]:
    """The mean surprise of each of CASES over `count` normal validation sequences, nats per pixel."""
    system, source = build_system(config), build_source(config.data)
    shift_1x2, found = fixed_shifts(1, tuple(config.data.lattice)), {name: [] for name in CASES}
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        clip = evaluation_clips(source, "validation", size, first=start).clip
        frames = {"first": clip[:, 0], "last": clip[:, -1]}
        mask = jnp.broadcast_to(
            shown(*clip.shape[2:4], shift_1x2, tuple(config.data.lattice)), clip.shape[:1] + clip.shape[2:4]
        )
        for name, (given, value) in CASES.items():
            found[name].append(surprise_of_hidden(system, params, clip, frames[given], frames[value], mask))
    return {name: float(np.mean(np.concatenate(parts))) for name, parts in found.items()}


@entry_point
def main(argv: Sequence[str] | None = None) -> int:
    """Prints and writes the three means. Exit code 2: an error in the request."""
    parser = Parser("explained_away", __doc__)
    parser.add_argument("--checkpoint", default="pretrained", metavar="pretrained|DIR")
    parser.add_argument("--sequences", type=int, default=256, metavar="N")
    parser.add_argument("--output", type=file_path, metavar="FILE.json")
    arguments = parser.parse_args(argv)
    if arguments.sequences < 1:
        parser.error(f"--sequences={arguments.sequences}: give 1 or more")
    if arguments.output:
        output_files.check_output(arguments.output)
    folder = exported_weights.folder_of(arguments.checkpoint)
    config = exported_weights.stored_config(exported_weights.read_about(folder)["config"], folder)
    shows_pixels = system_named(config.system).attends and config.model.use_masked_frame
    if not shows_pixels or config.data.source != "sequences":
        raise UserError(
            f"{arguments.checkpoint} is not of an inpainting model that is shown pixels of sequences"
        )
    found = explained_away(config, trained_export(config, folder).params, arguments.sequences)
    for name, nats in found.items():
        print(f"{name:<42}{nats:.3f}")
    if arguments.output:
        workdir.write_json(arguments.output, {"sequences": arguments.sequences, "nats_per_pixel": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
