"""Frame AUROC that others report for labelled sets, with what was done to the scores, for the table of ours.

Figures are of runs by others of the published code where there are some, since the papers' own are mostly the best
checkpoint by the test labels. Nearly all scale the scores of every clip to 0..1, by the clip's future.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class PublishedFigure:
    """A method's frame AUROC (micro) on a data set.

    Attributes:
      method: its name.
      data_set: what the names of folders that hold it contain, in lower case.
      auroc: as it is reported, a range where runs differ.
      protocol: what was done, and what was used beside the training clips.
    """

    method: str
    data_set: str
    auroc: str
    protocol: str


SCALED = "clips normalised"

FIGURES = (
    PublishedFigure("STAE", "ped2", "0.90", f"{SCALED}; run by others"),
    PublishedFigure(
        "MemAE",
        "ped2",
        "0.87 to 0.94",
        f"{SCALED}; runs by others, the highest of several checkpoints on test",
    ),
    PublishedFigure(
        "MNAD", "ped2", "0.89 to 0.95", f"{SCALED}; runs by others; memory updated on test clips"
    ),
    PublishedFigure(
        "ano_pred",
        "ped2",
        "0.94 to 0.96",
        f"{SCALED}; best checkpoint on test; trained with a pre-trained flow network",
    ),
    PublishedFigure(
        "HF2-VAD", "ped2", "0.97", f"{SCALED}; run by others; pre-trained object detector and flow network"
    ),
    PublishedFigure(
        "with pre-trained features or object detectors",
        "ped2",
        "0.97 to 0.99",
        f"mostly {SCALED} and smoothed",
    ),
)


def figures_of(name: str) -> list[PublishedFigure]:
    """The figures of the data set in a folder of this name."""
    return [figure for figure in FIGURES if figure.data_set in name.lower()]
