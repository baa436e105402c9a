"""Scoring one frame: an inpainting pass against the Video Pixel Network's."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from configs import table
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.lattice import fixed_shifts, shown
from vpn_anomaly.systems.build import build_system


def programs() -> dict[str, Callable]:
    """One 64×64 frame at batch size 1, given 19 frames whose ConvLSTM outputs are precomputed.

    `ours`: the distributions of all pixels by one inpainting pass of table.py's model. `with_memory`: the
    same plus encoder and ConvLSTM over the 19 frames, and the maps. `vpn_scoring`: the distributions of all
    pixels by one teacher-forced pass of the Video Pixel Network of the paper's table. `vpn_sampling`: a
    frame sampled from that network, with one decoder pass per pixel.
    """

    def system_and_params(name):
        config = table.get_config()
        config.system = name
        clip = build_source(config.data).clips(0, "train", np.arange(1))
        system = build_system(config)
        return system, system.init(jax.random.key(0), clip), clip

    ours, our_params, clip = system_and_params("inpainting")
    vpn, vpn_params, _ = system_and_params("vpn")
    frames, frame, last = clip[:, :-1] / 255.0, clip[:, -1] / 255.0, clip.shape[1] - 1
    shift_1x2 = fixed_shifts(1, ours.lattice)
    mask = shown(64, 64, shift_1x2, ours.lattice)
    apply = lambda system, params, method, *inputs: jax.jit(
        lambda params, *inputs: system.network.apply({"params": params}, *inputs, method=method)
    )(params, *inputs)
    memory = apply(ours, our_params, "encode_frames", frames)[0][:, -ours.network.context :]
    vpn_memory = apply(vpn, vpn_params, "encode_frames", frames)[:, -1]
    context = frames[:, -ours.network.context :]

    def distributions(system, method):
        def run(params, *inputs):
            features = system.network.apply({"params": params}, *inputs, method=method)
            kernel, bias = system.network.apply({"params": params}, method="output_layer")
            return jax.nn.log_softmax(jnp.einsum("bhwd,dcv->bhwcv", features, kernel) + bias)

        return jax.jit(run)

    without_copies = lambda network, *inputs: network.inpaint(*inputs)[0]  # table.py's model has none
    inpaint, decode = distributions(ours, without_copies), distributions(vpn, "decode")
    maps = jax.jit(lambda params, clip: ours.maps(params, clip, shift_1x2, (last,)))
    sample = jax.jit(vpn.sample)
    return {
        "ours": lambda: inpaint(our_params, memory, context, frame, mask),
        "with_memory": lambda: maps(our_params, clip),
        "vpn_scoring": lambda: decode(vpn_params, vpn_memory, frame),
        "vpn_sampling": lambda: sample(vpn_params, clip[:, :-1], jax.random.key(1)),
    }
