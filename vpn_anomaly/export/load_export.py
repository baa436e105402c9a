"""Scores by an exported model, without vpn_anomaly: numpy, and JAX or (of ONNX) onnxruntime, are enough.

python load_export.py sequences.npy        # beside about.json; uint8 (N, T, H, W, C)

export = Export("folder")
scores = export.clips(clip_NxTxHxWxC)      # by name, (N,): those of the last frames; `any` is of them all
for scores in export.stream(frames): ...   # frames (H, W, C); nothing for the first, which lack context
"""

import hashlib
import json
import math
import pathlib
import sys

import numpy as np


class Export:
    """The programs of one folder; `about` is what about.json says of them."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        self._programs = {}
        for name, program in self.about["programs"].items():
            content = (folder / program["file"]).read_bytes()
            if hashlib.sha256(content).hexdigest() != self.about["files"][program["file"]]["sha256"]:
                raise ValueError(f"{program['file']} differs from its checksum")
            self._programs[name] = opened(content, self.about["format"])

    def run(self, name, *arrays):
        """The outputs of a program by name."""
        outputs = self._programs[name](*arrays)
        return dict(zip((of["name"] for of in self.about["programs"][name]["outputs"]), outputs))

    def clips(self, clip_NxTxHxWxC):
        """The scores of sequences by name, (N,)."""
        program, found = self.about["programs"]["clips"], []
        batch = program["inputs"][0]["shape"][0]
        for start in range(0, len(clip_NxTxHxWxC), batch):
            clips = clip_NxTxHxWxC[start : start + batch]
            filled = np.concatenate([clips, np.repeat(clips[:1], batch - len(clips), axis=0)])
            scores = scores_of(self.run("clips", filled))
            found.append({name: score[: len(clips)] for name, score in scores.items()})
        scores = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
        return with_any(scores, program["any"])

    def stream(self, frames):
        """The scores of each frame by name; nothing for the first ones."""
        program, means, weight = self.about["programs"]["stream"], {}, max(1, self.about["smoothing"])
        named = [of["name"].replace("state", "next", 1) for of in program["inputs"][1:]]
        state = [np.zeros(of["shape"], of["dtype"]) for of in program["inputs"][1:]]
        for number, frame_HxWxC in enumerate(frames):
            outputs = self.run("stream", frame_HxWxC[None], *state)
            state, seen = [outputs[name] for name in named], number - program["first_frame"]
            if seen < 0:
                yield {}
                continue
            for name, score in scores_of(outputs).items():
                mean = means.get(name, 0.0)
                means[name] = mean + (float(score) - mean) / min(seen + 1, weight)
            yield with_any(means, program["any"])


def opened(content, form):
    """The function of a program's bytes, from arrays to arrays."""
    if form == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(content)
        names = [of.name for of in session.get_inputs()]
        return lambda *arrays: session.run(None, dict(zip(names, arrays)))
    import jax.export

    return jax.jit(jax.export.deserialize(bytearray(content)).call)


def scores_of(outputs):
    """The scores among the outputs, by their names alone."""
    return {name[7:]: np.asarray(array) for name, array in outputs.items() if name.startswith("scores/")}


def with_any(scores, made_of):
    """The scores and `any`: −log of the least p-value, corrected for their number; made_of: from about.json."""
    if made_of is None:
        return dict(scores)
    log_p = lambda name: log_p_value(scores[name], made_of["curves"][name])
    if made_of["sum_of"]:
        scores = {**scores, "novelty": -sum(log_p(name) for name in made_of["sum_of"])}
    least, count = np.min([log_p(name) for name in made_of["least_of"]], axis=0), len(made_of["least_of"])
    rest = sum((-np.exp(least)) ** k * math.comb(count, k + 1) for k in range(count))
    return {**scores, "any": -(least + np.log(rest))}


def log_p_value(score, curve):
    """The logarithm of the part of normal frames that score as high; exponential beyond them."""
    score, values = np.asarray(score, np.float64), curve["values"]
    beyond = np.maximum(score - values[-1], 0) / curve["above"]
    below = np.maximum(values[0] - score, 0) / curve["below"]
    inside = np.interp(score, values, curve["survival"])
    return np.log1p(-(1 - inside) * np.exp(-below)) - beyond


if __name__ == "__main__":
    scores = Export(pathlib.Path(__file__).parent).clips(np.load(sys.argv[1]))
    for values in zip(*scores.values()):
        print(", ".join(f"{name} {value:.6g}" for name, value in zip(scores, values)))
