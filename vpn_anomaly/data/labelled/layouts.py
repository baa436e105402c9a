"""The layouts of labelled sets, by which a folder of another one is told what it looks like.

A published set is known by folders in it. ano_pred, MNAD, HF2-VAD and others pass the same sets on in
a layout of their own, which is not read.
"""

import dataclasses
import pathlib

from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.sources import folders_in
from vpn_anomaly.errors import UserError


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a set lies on the disk: its name, what is looked for in its folder, the folders (or files) by
    which that is known, and the value of data.source that reads it; empty: none does."""

    name: str
    looked_for: str
    marks: tuple[str, ...]
    source: str

    def error(self, folder: pathlib.Path, lacking: str) -> UserError:
        """The error of a folder that lacks something: names the layout that is there, or the folder
        above or inside it that looks right."""
        if not folder.is_dir():
            return UserError(f"{folder}: no such folder; needed is {self.name}: {self.looked_for}")
        return UserError(
            f"{folder} is not {self.name} as it is published: looked for"
            f" {self.looked_for}, found no {lacking}; {self._advice(folder)}"
        )

    def _advice(self, folder: pathlib.Path) -> str:
        other = _seen(folder, self)
        if other:
            return other.instead("this")
        inside, above = folders_in(folder), folder.resolve().parent
        own = [str(path) for path in inside if self.is_in(path)] or [str(above)] * self.is_in(above)
        if own:
            return f"give one of {shortened(own)}" if len(own) > 1 else f"give {own[0]}"
        for path in [*inside, above]:
            other = _seen(path, self)
            if other:
                return other.instead(str(path), path)
        return "give the folder that holds all of it"

    def instead(self, what: str, path: pathlib.Path | None = None) -> str:
        """What to do where `what` looks like this layout; path: the folder to give instead."""
        if not self.source:
            return (
                f"{what} looks like {self.name} ({self.looked_for}), a layout that is not read; give the"
                " set as it is published"
            )
        place = f" and data.path={path}" if path else ""
        return f"{what} looks like {self.name}: set data.source={self.source}{place}"

    def is_in(self, folder: pathlib.Path) -> bool:
        """Whether the folder holds what this layout is known by."""
        return all((folder / mark).is_dir() for mark in self.marks)


class _PassedOn(Layout):
    def is_in(self, folder: pathlib.Path) -> bool:
        return super().is_in(folder) and not (folder / "testing/test_frame_mask").is_dir()


UCSD = Layout(
    "UCSD Ped1 or Ped2",
    "Train/*/ with images, Test/*/ with images and one Test/*.m",
    ("Train", "Test"),
    "ucsd",
)
AVENUE = Layout(
    "CUHK Avenue",
    "training_videos/*.avi, testing_videos/*.avi (or videos of another kind) and"
    " ground_truth_demo/testing_label_mask/*_label.mat",
    ("training_videos", "testing_videos"),
    "avenue",
)
SHANGHAITECH = Layout(
    "ShanghaiTech",
    "training/videos/*.avi or training/frames/*/ with images, testing/frames/*/ with"
    " images and testing/test_frame_mask/*.npy",
    ("training", "testing/frames", "testing/test_frame_mask"),
    "shanghaitech",
)
PASSED_ON = _PassedOn(
    "a set as ano_pred, MNAD and HF2-VAD pass it on",
    "training/frames, testing/frames and a .mat or frame_labels_*.npy",
    ("training/frames", "testing/frames"),
    "",
)
LAYOUTS = (UCSD, AVENUE, SHANGHAITECH, PASSED_ON)


def _seen(folder: pathlib.Path, wanted: Layout) -> Layout | None:
    """The layout other than the wanted one that a folder looks like; None: no other, or the wanted."""
    if wanted.is_in(folder):
        return None
    return next((layout for layout in LAYOUTS if layout is not wanted and layout.is_in(folder)), None)
