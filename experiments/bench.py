"""Times programs of a suite against each other, interleaved in one run.

    python -m experiments.bench --suite=step [--output=FILE.json]

`step` and `conv_lstm`: the package against a plain Flax form of the same computation. `sampling`: one
inpainting pass against the Video Pixel Network's passes over a frame (takes a quarter of an hour).

FILE is {"rows": [{"name", "median_s", "ratio"}]}; `ratio` is the row's time over that of `ours`.
"""

import json
import pathlib
import statistics
import sys
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp

from experiments.parser import Parser

ROUNDS = 9
SAMPLING_ROUNDS = 2  # a sample takes minutes


def step() -> dict[str, Callable]:
    """One training step of quick.py's model: same parameters, sequences and loss pixels."""
    import ml_collections

    from configs import quick
    from experiments.naive_flax import NaiveSystem, naive_parameters
    from vpn_anomaly.data.build import build_source
    from vpn_anomaly.data.pipeline import training_batches
    from vpn_anomaly.systems.build import build_system
    from vpn_anomaly.training.state import TrainState, build_optimizer
    from vpn_anomaly.training.step import batch_sharding, build_train_step, data_mesh, state_sharding

    config = ml_collections.FrozenConfigDict(quick.get_config())
    source = build_source(config.data)
    batches = training_batches(
        source, config.seed, config.train.batch_size, backend=config.data.backend
    )
    batch, mesh, system = next(batches), data_mesh(), build_system(config)
    params = system.init(jax.random.key(config.seed), batch["clip"])
    batch = jax.device_put(batch, batch_sharding(mesh))

    def runner(system, params):
        optimizer = build_optimizer(config.train)
        train_step = build_train_step(system, optimizer, mesh, config.seed)
        state = TrainState(params, optimizer.init(params), jnp.zeros((), jnp.int32))
        state = jax.device_put(state, state_sharding(mesh))

        def run():
            nonlocal state
            state, metrics = train_step(state, batch)
            return metrics

        return run

    naive = jax.tree.map(jnp.copy, naive_parameters(params))
    return {"ours": runner(system, params), "naive_flax": runner(NaiveSystem(config), naive)}


def conv_lstm() -> dict[str, Callable]:
    """The gradient of a ConvLSTM: 4 sequences, 19 steps, 64×64, 16 channels in and out."""
    from experiments import naive_flax
    from vpn_anomaly.models.conv_lstm import ConvLSTM

    channels = 16
    x = jax.random.normal(jax.random.key(0), (4, 19, 64, 64, channels))
    ours = ConvLSTM(channels)
    params = ours.init(jax.random.key(1), x)["params"]
    naive = naive_flax.ConvLSTM(channels)
    naive_params = naive_flax.naive_parameters({"conv_lstm": params})["conv_lstm"]

    def runner(outputs, params):
        energy = lambda params, x: jnp.sum(outputs({"params": params}, x) ** 2)
        gradient = jax.jit(jax.value_and_grad(energy, argnums=(0, 1)))
        return lambda: gradient(params, x)

    our_outputs = lambda params, x: ours.apply(params, x)[0]
    return {"ours": runner(our_outputs, params), "naive_flax": runner(naive.apply, naive_params)}


def sampling() -> dict[str, Callable]:
    """A 64×64 frame at batch 1, after 19 frames whose ConvLSTM outputs are at hand.

    `ours`: every pixel's distribution by one inpainting pass of quick.py's model. `with_memory`: the
    same with encoder and ConvLSTM over the 19 frames, and the maps. `vpn_scoring`: every pixel's
    distribution by one teacher-forced pass of the Video Pixel Network of the paper's table.
    `vpn_sampling`: a frame drawn from it pixel by pixel, a pass of the decoder for each.
    """
    import numpy as np

    from configs import quick
    from vpn_anomaly.data.build import build_source
    from vpn_anomaly.data.lattice import fixed_shifts, shown
    from vpn_anomaly.systems.build import build_system

    def system_and_params(name):
        config = quick.get_config()
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
    memory = apply(ours, our_params, "remember", frames)[0][:, -ours.network.context :]
    vpn_memory = apply(vpn, vpn_params, "remember", frames)[:, -1]
    context = frames[:, -ours.network.context :]

    def distributions(system, method):
        def run(params, *inputs):
            features = system.network.apply({"params": params}, *inputs, method=method)
            kernel, bias = system.network.apply({"params": params}, method="output_layer")
            return jax.nn.log_softmax(jnp.einsum("bhwd,dcv->bhwcv", features, kernel) + bias)
        return jax.jit(run)

    inpaint, decode = distributions(ours, "inpaint"), distributions(vpn, "decode")
    maps = jax.jit(lambda params, clip: ours.maps(params, clip, shift_1x2, (last,)))
    sample = jax.jit(vpn.sample)
    return {
        "ours": lambda: inpaint(our_params, memory, context, frame, mask),
        "with_memory": lambda: maps(our_params, clip),
        "vpn_scoring": lambda: decode(vpn_params, vpn_memory, frame),
        "vpn_sampling": lambda: sample(vpn_params, clip[:, :-1], jax.random.key(1)),
    }


SUITES = {"step": (step, ROUNDS), "conv_lstm": (conv_lstm, ROUNDS), "sampling": (sampling, SAMPLING_ROUNDS)}


def measure(programs: dict[str, Callable], rounds: int = ROUNDS) -> list[dict]:
    """A row a program, `ours` among them: each runs once unmeasured, then once in every round."""
    seconds = {name: [] for name in programs}
    for run in programs.values():
        jax.block_until_ready(run())
    for _ in range(rounds):
        for name, run in programs.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return [
        {"name": name, "median_s": median, "ratio": median / medians["ours"]}
        for name, median in medians.items()
    ]


def main(argv=None) -> int:
    """Runs one suite, prints its rows and stores them; 2 for what cannot be run."""
    parser = Parser("bench", __doc__)
    parser.add_argument("--suite", required=True, choices=tuple(SUITES))
    parser.add_argument("--output", type=pathlib.Path, help="a JSON file for the rows")
    arguments = parser.parse_args(argv)
    if arguments.output and not arguments.output.parent.is_dir():
        parser.error(f"--output={arguments.output}: the folder does not exist; make it first")
    programs, rounds = SUITES[arguments.suite]
    rows = measure(programs(), rounds)
    for row in rows:
        print(f"{row['name']:<12}{row['median_s']:>10.4f} s{row['ratio']:>8.2f} times ours")
    if arguments.output:
        arguments.output.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
