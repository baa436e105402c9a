"""Compares the estimate of --mode=describe with what the compiler plans, for a few training steps.

    python -m experiments.memory_estimate --output=experiments/results/memory_estimate.json
    python -m experiments.memory_estimate --tpu=v5e:2x2 --only=tpu --output=FILE.json

By default the compiler is that of the present device; it takes minutes on a CPU. With --tpu it is that of one chip of
a TPU, for which no TPU is needed, but its library (`pip install libtpu`, as jax[tpu] requires it); full.py takes many
minutes. Rematerialised blocks are left out on CPUs, whose compiler computes them once and keeps them.

FILE is {"rows": [{"case", "device", "changes", "estimate_gb", "planned_gb", "ratio"}]}: intermediate arrays of one
device in GB (10⁹ bytes), and how many times the estimate is planned. A file that is there gets the rows added, in
place of those of the same case and device.
"""

import json
import os
import pathlib
import sys

import jax
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh

from experiments.command_line import Parser, entry_point, file_path, names_in
from vpn_anomaly.config_files import load_config
from vpn_anomaly.files import output_files
from vpn_anomaly.ops.devices import check_devices
from vpn_anomaly.training.describe_memory import GIGA, estimated, lowered_step, trained_shapes
from vpn_anomaly.training.step import DATA

_SMALL = {
    "model.encoder.channels": 16,
    "model.encoder.dilations": (1, 2),
    "model.lstm.channels": 32,
    "model.head.channels": 16,
    "model.head.blocks": 2,
    "train.batch_size": 2,
}
_ON_CPU = {**_SMALL, "model.dtype": "float32", "model.rematerialise": False}
# Case: the config and its changes. Those whose name ends in _small can be compiled on a CPU.
CASES = {
    "full_small": ("full", _ON_CPU),
    "full_chunks_small": ("full", {**_ON_CPU, "model.lstm.chunk": 5}),
    "full_microbatches_small": ("full", {**_ON_CPU, "train.batch_size": 4, "train.microbatches": 2}),
    "table_small": ("table", {"train.batch_size": 2}),
    "quick_small": ("quick", {"train.batch_size": 2}),
    "vpn_small": ("table", {"train.batch_size": 2, "system": "vpn"}),
    "tpu": ("tpu", {}),
    "full_one_of_8": ("full", {"train.batch_size": 8}),
    "full_one_of_8_chunks": ("full", {"train.batch_size": 8, "model.lstm.chunk": 5}),
    "full_microbatches": ("full", {"train.microbatches": 8}),
}


def compare(case: str, mesh: Mesh) -> dict:
    """The row of a case on the device of a mesh."""
    name, changes = CASES[case]
    config = load_config(f"configs/{name}.py")
    config.update_from_flattened_dict(changes)
    shapes = trained_shapes(config)
    estimate = estimated(shapes, 1).temporary
    planned = lowered_step(shapes, mesh).compile().memory_analysis().temp_size_in_bytes
    return {
        "case": case,
        "device": mesh.devices.flat[0].device_kind,
        "changes": {"config": f"configs/{name}.py", **changes},
        "estimate_gb": round(estimate / GIGA, 4),
        "planned_gb": round(planned / GIGA, 4),
        "ratio": round(planned / estimate, 3),
    }


@entry_point
def main(argv=None) -> int:
    """Compares, prints the rows and stores them. Exit code 2: an error."""
    parser = Parser("memory_estimate", __doc__)
    parser.add_argument("--only", help="cases, separated by commas; default: those that a CPU can compile")
    parser.add_argument("--tpu", help="a topology such as v5e:2x2, of which one chip is planned for")
    parser.add_argument("--output", type=file_path, help="JSON file to add the rows to")
    arguments = parser.parse_args(argv)
    small = [case for case in CASES if case.endswith("_small")]
    cases = names_in(arguments.only, CASES, "--only", "case") if arguments.only else small
    if arguments.output:
        output_files.check_output(arguments.output)
    check_devices()
    mesh = _mesh(arguments.tpu)
    for case in cases:
        row = compare(case, mesh)
        print(json.dumps(row, ensure_ascii=False), flush=True)
        if arguments.output:
            _add(arguments.output, row)
    return 0


def _mesh(topology: str | None) -> Mesh:
    """One device: of a TPU that need not be there, or the first that is."""
    if topology is None:
        return Mesh(np.array(jax.devices()[:1]), (DATA,))
    os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")  # nobody is to be asked which TPU this computer has
    os.environ.setdefault("TPU_WORKER_HOSTNAMES", "localhost")
    os.environ.setdefault("TPU_ACCELERATOR_TYPE", f"{topology.partition(':')[0]}-4")
    return Mesh(np.array(topologies.get_topology_desc(topology, "tpu").devices[:1]), (DATA,))


def _add(path: pathlib.Path, row: dict) -> None:
    of = lambda row: (row["case"], row["device"])
    before = json.loads(path.read_text())["rows"] if path.exists() else []
    rows = [*(one for one in before if of(one) != of(row)), row]
    text = json.dumps({"rows": rows}, indent=1, ensure_ascii=False) + "\n"
    output_files.write_atomically(path, lambda file: file.write(text.encode()))


if __name__ == "__main__":
    sys.exit(main())
