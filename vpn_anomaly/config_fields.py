"""The one list of the fields of a run's configuration: default, type, unit, range and meaning of each."""

import dataclasses
import types

from vpn_anomaly import catalogue
from vpn_anomaly.errors import UserError
from vpn_anomaly.member_rows import MEMBERS, MemberRow

SYSTEMS = catalogue.names(catalogue.SYSTEMS)
ATTENTIONS = catalogue.names(catalogue.ATTENTIONS)
CORRUPTIONS = ("temporal", "spatial", "both", "mixed")
LABELLED_SOURCES = catalogue.names(catalogue.LABELLED_SETS)
SOURCES = ("sequences", "video", *LABELLED_SOURCES)

LARGEST = {"pixels": 2**16, "channels": 2**12}  # beyond which memory does not suffice

INTS = tuple[int, ...]
FLOATS = tuple[float, ...]
TEXTS = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Field:
    """One field. For tuples, minimum, maximum and choices hold for every element."""

    name: str
    default: object
    kind: type | types.GenericAlias
    unit: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...] | None
    meaning: str
    length: int | None = None  # of a tuple; None: any number of elements
    may_be_empty: bool = False  # a tuple
    is_path: bool = False  # names files or folders, or may: there ~ is a home folder


def _count(name, default, unit, minimum, meaning, maximum=None):
    maximum = LARGEST.get(unit) if maximum is None else maximum
    return Field(name, default, int, unit, minimum, maximum, None, meaning)


def _number(name, default, unit, minimum, maximum, meaning):
    return Field(name, default, float, unit, minimum, maximum, None, meaning)


def _switch(name, default, meaning):
    return Field(name, default, bool, "", None, None, None, meaning)


def _path(name, default, meaning):
    return Field(name, default, str, "", None, None, None, meaning, is_path=True)


def _choice(name, default, choices, meaning):
    return Field(name, default, str, "", None, None, choices, meaning)


# fmt: off
_OF_ONE_MODEL = (
    _choice("system", "inpainting", SYSTEMS, "what turns frames into maps of surprise"),
    _count("seed", 0, "", 0, "initial parameters, training sequences and masks", 2**31 - 1),
    # --- data: what the model sees
    _choice("data.source", "sequences", SOURCES,
            f"what data.path names; {', '.join(LABELLED_SOURCES)}: labelled video sets as published"),
    _path("data.path", "",
          "normal sequences to train on (.npy, .npz), empty: Moving MNIST; for source video: "
          "a file, pattern or folder of normal footage; for a labelled set: its folder"),
    _path("data.digits", "embedded",
          "glyphs: embedded, tfds, or a .npz file of 28×28 uint8 glyphs"),
    _count("data.train_sequences", 0, "sequences", 0, "training sequences; 0: endless"),
    _count("data.frames", 20, "frames", 2, "length of a sequence"),
    _count("data.height", 64, "pixels", 0,
           "height of a frame; 0: as in the videos, for system block_inpainting"),
    _count("data.width", 64, "pixels", 0, "width of a frame; 0: as in the videos"),
    _count("data.digit_count", 2, "digits", 1, "digits in a sequence"),
    _count("data.channels", 1, "", 1, "1: grey, 3: RGB, each digit tinted", 3),
    _choice("data.trajectory", "original", ("original", "reflect", "turning", "wandering"),
            "how a digit moves: bounces by the public generator's rule, or by exact reflection; turning: leaves the "
            "border in a random direction; wandering: changes its direction at every step"),
    Field("data.speed", (0.1, 0.1), FLOATS, "free range per frame", 0.0, 1.0, None,
          "lowest and highest speed of a digit", 2),
    Field("data.lattice", (4, 5), INTS, "pixels", 1, None, None,
          "period of the shown pixels: rows, columns", 2),
    _choice("data.backend", "auto", ("auto", "tensorflow", "numpy"),
            "renderer of the training sequences; both give the same bytes"),
    # --- data of source video, and of labelled video sets
    _count("data.video.height", 0, "pixels", 0,
           "largest height at which frames are processed, aspect ratio kept; 0: any"),
    _count("data.video.width", 0, "pixels", 0, "largest width, likewise"),
    _number("data.video.rate", 0.0, "frames per second", 0.0, 1e4, "that are processed; 0: all"),
    _number("data.video.frame_rate", 25.0, "frames per second", 1e-3, 1e4,
            "of sources without a rate: folders of images, .npy"),
    _count("data.video.depth", 0, "bits", -32,
           "of grey levels in images of more than 8 bits, negative: of signed numbers; "
           "0: as used in the normal footage", 32),
    _path("data.video.cache", "",
          "folder for decoded frames; empty: vpn_anomaly in the user's cache folder"),
    _number("data.video.cache_gigabytes", 8.0, "GB", 1e-6, 1e6, "of decoded frames to keep at most"),
    _number("data.video.max_gigabytes", 1.0, "GB", 1e-6, 1e6,
            "of memory that one frame (8 bytes per pixel) or the labels of one clip may take"),
    # --- model
    _count("model.stem", 4, "pixels", 1, "space-to-depth before the encoder; 1: none"),
    _count("model.context", 6, "frames", 1, "most recent ConvLSTM outputs that attention reads (K)"),
    _count("model.horizon", 1, "frames", 1,
           "from the last frame that system inpainting sees to the masked frame, which it predicts"),
    _switch("model.use_masked_frame", True, "whether the model is given the shown pixels"),
    _choice("model.dtype", "float32", ("float32", "bfloat16"),
            "of computation; parameters, softmax, loss and cell state stay float32"),
    _switch("model.rematerialise", False, "recompute activations in the backward pass instead of storing them"),
    _choice("model.encoder.block", "rmb", ("rmb", "relu"), "kind of encoder block"),
    _count("model.encoder.channels", 32, "channels", 1, "width of the encoder"),
    Field("model.encoder.dilations", (1, 2), INTS, "cells", 1, None, None,
          "dilation of each encoder block; as many blocks as dilations"),
    _count("model.lstm.channels", 32, "channels", 1, "width of the ConvLSTM"),
    _count("model.lstm.chunk", 0, "frames", 0,
           "of the ConvLSTM that are recomputed at once in the backward pass, for less memory; 0: none are"),
    _choice("model.attention.kind", "correlation", ATTENTIONS,
            "interpretation of the paper's convolution attention; none: the last ConvLSTM output"),
    _count("model.attention.filter_size", 3, "cells", 1, "side of a generated filter; odd"),
    _count("model.attention.bottleneck", 0, "channels", 0,
           "1×1 convolution before kind full; 0: none"),
    _count("model.attention.meta_channels", 64, "channels", 1, "width of the meta-network"),
    _count("model.attention.heads", 3, "", 1, "moved frames of kind correlation"),
    _count("model.attention.layers", 2, "", 1, "layers of motion of kind layers, in every window"),
    Field("model.attention.windows", (3, 5, 9), INTS, "cells", 1, None, None,
          "sides of the windows that costs are summed over; odd"),
    _count("model.attention.radius", 4, "pixels", 0,
           "largest displacement in each direction over model.horizon; 0: measured in the videos"),
    _count("model.attention.content_frames", 1, "frames", 1,
           "most recent frames that kind correlation moves, earlier ones by accordingly more than the radius; "
           "that kind layers looks for each layer in"),
    Field("model.attention.layer_windows", (13, 7), INTS, "cells", 1, None, None,
          "sides of the windows in which kind layers matches shown pixels, and whole frames; odd", 2),
    _number("model.attention.tolerance", 0.02, "intensity", 1e-4, 1.0,
            "difference, of 0..1, from which kind layers takes two pixels for different things"),
    _count("model.attention.cell", 4, "pixels", 1, "side of a cell with filters of its own"),
    _count("model.head.channels", 64, "channels", 1, "width of the inpainting head"),
    _count("model.head.blocks", 1, "blocks", 0, "residual blocks of the head"),
    _choice("model.head.block", "relu", ("rmb", "relu"), "kind of block in the head"),
    _count("model.head.pixel_channels", 32, "channels", 1, "width of the full-resolution layers"),
    _count("model.head.pixel_layers", 1, "layers", 1, "full-resolution layers"),
    _switch("model.head.sees_last_frame", True,
            "whether the head reads the last frame at full resolution, a short cut past ConvLSTM and attention"),
    _switch("model.head.copies", False,
            "whether the values of moved frames, if the attention moves any, are mixed into the predicted "
            "distributions as narrow peaks"),
    _count("model.decoder.blocks", 4, "blocks", 0, "causal blocks of system vpn"),
    _count("model.decoder.channels", 32, "channels", 1, "width of their units"),
    _count("model.composite.past", 10, "frames", 1, "that system conv_lstm_autoencoder reads"),
    _count("model.composite.future", 10, "frames", 1, "that it predicts"),
    _choice("model.composite.scored", "prediction", ("prediction", "reconstruction"),
            "what its score is the error of: the last frame predicted, or the last one that it reads, reconstructed"),
    _count("model.composite.layers", 2, "layers", 1,
           "ConvLSTM layers of its encoder and decoders, each model.lstm.channels wide"),
    _switch("model.composite.conditioned", False, "whether its decoders read the frame that they predicted before"),
    _count("model.autoencoder.channels", 16, "channels", 1,
           "of the first layer of system frame_autoencoder; they double twice"),
    _count("model.autoencoder.code", 16, "channels", 1,
           "of its code, at an eighth of the resolution"),
    Field("model.unet.channels", (32, 64, 96), INTS, "channels", 1, None, None,
          "width of each level of system block_inpainting; every level halves the resolution"),
    Field("model.unet.hidden_blocks", (8, 48), INTS, "pixels", 1, None, None,
          "sides of the small and of the large hidden blocks", 2),
    _count("model.normality.cell", 0, "pixels", 0,
           "side of the cells of system normality, even; things are about 3 cells high; "
           "0: a thirtieth of the frame's height"),
    _count("model.normality.gap", 2, "frames", 1, "over which its motion is measured", 100),
    _count("model.normality.radius", 12, "pixels", 2, "largest displacement over the gap that it finds", 64),
    _count("model.normality.exemplars", 2000, "", 16, "that it keeps for each way of being unusual", 100_000),
    # --- training
    _path("train.start_from", "",
          "weights to start from, with their model: pretrained, or a folder written by "
          "experiments.export_weights; empty: random weights"),
    _count("train.steps", 400, "steps", 1, "optimizer steps"),
    _count("train.batch_size", 16, "sequences", 1, "sequences per step, over all devices", 2**20),
    _count("train.microbatches", 1, "", 1,
           "equal parts of a batch that each device takes one after the other, for less memory", 2**20),
    _number("train.learning_rate", 3e-3, "", 1e-12, 1e3, "highest learning rate"),
    Field("train.optimizer", "adamw", str, "", None, None, None, "name of an optax optimizer"),
    _number("train.weight_decay", 1e-4, "", 0.0, 1e3, "for optimizers that have one"),
    _count("train.warmup_steps", 30, "steps", 0,
           "linear warm-up before the cosine; at most half of train.steps"),
    _number("train.clip_norm", 1.0, "", 1e-12, None, "largest global norm of the gradient"),
    Field("train.targets", (10, 13, 16, 19), INTS, "frame", 0, None, None,
          "frames that are reconstructed, counted from 0"),
    _count("train.loss_pixels", 1024, "pixels", 0,
           "random hidden pixels of each target in the loss; 0: all of them", 2**32),
    _number("train.motion_share", 0.0, "", 0.0, 1.0,
            "part of the loss of system inpainting that counts pixels by how much changed around them"),
    _number("train.skipped", 0.0, "", 0.0, 0.5,
            "part of the sequences of videos that skip frames and have to surprise system inpainting"),
    _number("train.mask_dropout", 0.0, "", 0.0, 0.99,
            "part of the targets of system inpainting whose shown pixels are withheld in training: it then scores "
            "what is shown, too (joint_nll), in one more pass"),
    _number("train.skipped_margin", 0.5, "nats", 0.0, 100.0, "by which they have to surprise it more than others"),
    _switch("train.carried", False,
            "half of the sequences continue from the memory left by the previous batch, for long streams"),
    _count("train.checkpoint_every", 100, "steps", 1, "steps between checkpoints"),
    _count("train.log_every", 10, "steps", 1, "steps between logged losses"),
    _count("train.report_every", 100, "steps", 0,
           "steps between two versions of the page report.html that shows how training goes; 0: no such page"),
    # --- evaluation and scores
    _count("evaluate.sequences", 1000, "sequences", 1,
           "normal test sequences, and as many corrupted ones"),
    _count("evaluate.first_sequence", 0, "", 0,
           "number of the first of them: of two evaluations with numbers apart, one has seen nothing of the other's",
           2**31 - 1),
    _count("evaluate.batch_size", 16, "sequences", 1, "sequences scored at once", 2**20),
    Field("evaluate.corruptions", CORRUPTIONS, TEXTS, "", None, None, CORRUPTIONS,
          "kinds of corruption to evaluate"),
    _count("evaluate.calibration_sequences", 512, "sequences", 2,
           "normal validation sequences that calibrate scores"),
    _number("evaluate.false_alarm_rate", 0.05, "", 1e-6, 0.999999,
            "fraction of normal sequences that the calibrated threshold may flag"),
    _count("evaluate.bootstrap", 1000, "resamples", 1, "bootstrap resamples per interval"),
    _choice("evaluate.baselines", "cheap", ("cheap", "all"),
            "rows without learning beside labelled sets: those of the frame before, or also those that match "
            "blocks or are fitted to the normal footage, 0.2 s per frame of 240×360"),
    _count("score.masks", 4, "masks", 1, "shifted masks whose maps are averaged"),
    _switch("score.every_frame", False, "score every frame with enough context, not only the last"),
    _switch("score.places", False,
            "in streams: find windows of a thing's size whose surprise is beyond what their place shows in normal "
            "footage, instead of high means and details"),
    _count("score.smoothing", 0, "frames", 0,
           "in streams: scores are means over about so many past frames (exponential); 0: as they come", 10**4),
    _number("score.max_gigabytes", 4.0, "GB", 1e-6, 1e6,
            "of memory that a file of sequences, glyphs or weights may take, unpacked"),
    # --- how frames of labelled video sets are compared: published figures differ in these
    _switch("evaluate.protocol.normalise_clips", False,
            "shift and scale the scores of every clip to 0..1, which uses its future"),
    _number("evaluate.protocol.smoothing", 0.0, "frames", 0.0, 1e4,
            "standard deviation of a Gaussian over time within every clip, which uses its future; 0: none"),
    _count("evaluate.protocol.dropped_frames", 0, "frames", 0,
           "that are left out at the beginning of every clip"),
    _switch("evaluate.protocol.published", False,
            "a second table beside the raw one: every clip scaled to 0..1, then smoothed by 5 frames, as most "
            "published figures are, which uses its future"),
    _choice("evaluate.protocol.masks", "auto", ("auto", "required", "off"),
            "pixel AUROC: over the clips that have masks, or an error if one has none, or not at all"),
    # --- watching a video
    _number("watch.false_alarms", 6.0, "per hour", 1e-6, 1e6, "that normal footage may raise"),
    _switch("watch.extrapolate", False,
            "where fewer false alarms are allowed than normal footage can show: extrapolate from the highest "
            "scores; false: allow as few as it shows"),
    _number("watch.hysteresis", 10.0, "", 1.0, 1e6,
            "an event continues up to this many times the p-value that opens one"),
    _count("watch.minimum_frames", 2, "frames", 1, "least number of anomalous frames in an event"),
    _count("watch.merge_gap", 10, "frames", 0, "events that are no further apart are merged"),
    _count("watch.before", 10, "frames", 0, "that are kept before an event"),
    _count("watch.after", 10, "frames", 0, "that are kept after it; at most watch.merge_gap"),
    _count("watch.light_change", 10, "frames", 0,
           "after a sudden change of light during which no event begins"),
    _path("watch.zones", "",
          "image, white where to look and black where not; empty: everywhere"),
    _switch("watch.tail", True,
            "find motion by tail surprise; false: by plain surprise, which takes less time per frame"),
    _number("watch.timeout", 10.0, "seconds", 1e-3, 1e6, "that a stream may be silent"),
    _number("watch.longest_gap", 5.0, "seconds", 1e-3, 1e9,
            "without frames in a file: longer gaps, if also longer than 20 median steps, end events and "
            "reset the memory, as a lost stream does"),
)
# fmt: on


def _fields_of_members() -> tuple[Field, ...]:
    names = catalogue.names(MEMBERS)
    meaning = "trained and watched with together, each in its folder of the workdir; (): a single model"
    of_rows = [field for row in MEMBERS for field in _fields_of_member(row)]
    return (
        Field("detector.members", (), TEXTS, "", None, None, names, meaning, may_be_empty=True),
        *of_rows,
    )


def _fields_of_member(row: MemberRow) -> list[Field]:
    """Those of its part in the detector, and its own values of other fields."""
    section = f"detector.{row.name}"
    known = {field.name: field for field in _OF_ONE_MODEL}
    own = [
        dataclasses.replace(
            known[name], name=f"{section}.{name}", default=value, meaning=f"{name} of member {row.name}"
        )
        for name, value in row.own_fields.items()
    ]
    every = f"of how many frames of a stream member {row.name} ({row.about}) looks at one"
    share = f"of the allowed false alarms, in proportion to those of the other members, for member {row.name}"
    return [
        _count(f"{section}.every", row.every, "frames", 1, every),
        _number(f"{section}.share", row.share, "", 1e-6, 1e6, share),
        *own,
    ]


FIELDS = _OF_ONE_MODEL + _fields_of_members()

_BY_NAME = {field.name: field for field in FIELDS}


def field_named(name: str) -> Field:
    """The field of a dotted name; UserError with the allowed names for an unknown one."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    section = name
    while section and not any(known.startswith(section + ".") for known in _BY_NAME):
        section = section.rpartition(".")[0]
    prefix = section + "." if section else ""
    allowed = ", ".join(known for known in _BY_NAME if known.startswith(prefix))
    raise UserError(f"there is no config field {name!r}; the fields are: {allowed}")
