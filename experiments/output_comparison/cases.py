"""The cases of the comparison: command lines of `python -m vpn_anomaly.main`, run in sequence in one folder.

{configs} and {inputs} stand for the checkout's configs folder and the folder of inputs. All other paths are
relative to the case's folder, so that outputs of the two checkouts contain no differing paths.
"""

Command = tuple[str, ...]

RESAMPLES = "--config.evaluate.bootstrap=5"
RUN = "--workdir=run"
DEBUG = ("--config={configs}/table.py:debug", RUN, RESAMPLES, "--config.train.steps=8")
VIDEO = (
    "--config={configs}/video.py:debug",
    RUN,
    RESAMPLES,
    "--config.train.steps=8",
    "--config.detector.members=()",
)
MEMBERS = (
    *VIDEO[:-1],
    "--config.detector.members=('motion', 'appearance')",
    "--config.detector.appearance.data.frames=2",
    "--config.detector.appearance.data.height=0",
    "--config.detector.appearance.data.width=0",
)
APPEARANCE = (
    "--config={configs}/appearance.py:debug",
    RUN,
    RESAMPLES,
    "--config.train.steps=8",
    "--config.data.frames=2",
    "--config.data.height=0",
    "--config.data.width=0",
)
FOOTAGE = "--config.data.path={inputs}/normal.npy"
LABELLED = ("--config.data.source=ucsd", "--config.data.path={inputs}/ucsd")
PRETRAINED = "--checkpoint=pretrained"
SEQUENCES = ("--mode=score", "--input={inputs}/sequences.npz")
FEW = ("--config.evaluate.sequences=8", "--config.evaluate.calibration_sequences=8")


def _system(name: str) -> Command:
    return *DEBUG, f"--config.system={name}"


def _attention(kind: str) -> Command:
    return *DEBUG, f"--config.model.attention.kind={kind}"


def _scored(*model: str) -> tuple[Command, ...]:
    """Scores every frame of the sequences: to CSV with maps, and to JSONL."""
    every_frame = "--config.score.every_frame=true"
    return (
        (*model, *SEQUENCES, every_frame, "--output=scores.csv", "--maps=maps.npz"),
        (*model, *SEQUENCES, every_frame, "--output=scores.jsonl"),
    )


def _watched(*model: str) -> tuple[Command, ...]:
    """Trains, then watches with all kinds of output, with and without tail surprise."""
    watch = (*model, "--mode=watch", "--input={inputs}/watched.npy", "--config.watch.false_alarms=3000")
    return (
        model,
        (*watch, "--scores=scores.csv", "--events=events.jsonl", "--report=watch.html", "--video=watch.mkv"),
        (
            *watch,
            "--config.watch.tail=false",
            "--scores=plain.csv",
            "--events=plain.jsonl",
            "--report=plain.html",
        ),
    )


# Command lines by case.
CASES: dict[str, tuple[Command, ...]] = {
    "quick": (
        (
            "--config={configs}/quick.py",
            RUN,
            RESAMPLES,
            "--config.train.steps=25",
            "--config.evaluate.sequences=24",
            "--config.evaluate.calibration_sequences=24",
        ),
    ),
    "vpn": (_system("vpn"),),
    "conv_lstm_autoencoder": (_system("conv_lstm_autoencoder"),),
    "frame_autoencoder": (_system("frame_autoencoder"),),
    "block_inpainting": (_system("block_inpainting"), *_scored(*_system("block_inpainting"))),
    "attention_full": (_attention("full"),),
    "attention_depthwise": (_attention("depthwise"),),
    "attention_none": (_attention("none"),),
    "attention_layers": (
        (
            *_attention("layers"),
            "--config.model.attention.content_frames=3",
            "--config.model.head.copies=true",
        ),
    ),
    "carried": ((*DEBUG, "--config.train.carried=true"),),
    "pretrained_score": _scored(PRETRAINED),
    "pretrained_evaluate": ((PRETRAINED, "--mode=evaluate", RUN, RESAMPLES, *FEW),),
    "video": _watched(*VIDEO, FOOTAGE),
    "appearance": _watched(*APPEARANCE, FOOTAGE),
    "members": _watched(*MEMBERS, FOOTAGE),
    "labelled": ((*VIDEO, *LABELLED),),
}
