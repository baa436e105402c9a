"""The layouts of labelled sets, by which a folder of another one is told what it looks like.

A published set is known by folders in it. ano_pred, MNAD, HF2-VAD and others pass the same sets on in
a layout of their own, which is not read.
"""

import dataclasses
import pathlib

from vpn_anomaly.catalogue import LABELLED_SETS
from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.sources import folders_in
from vpn_anomaly.errors import UserError


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a set lies on the disk: its name, what is looked for in its folder, and the folders by which
    that is known."""

    name: str
    looked_for: str
    marks: tuple[str, ...]

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
            return _instead(*other, "this")
        inside, above = folders_in(folder), folder.resolve().parent
        own = [str(path) for path in inside if self.is_in(path)] or [str(above)] * self.is_in(above)
        if own:
            return f"give one of {shortened(own)}" if len(own) > 1 else f"give {own[0]}"
        for path in [*inside, above]:
            other = _seen(path, self)
            if other:
                return _instead(*other, str(path), path)
        return "give the folder that holds all of it"

    def is_in(self, folder: pathlib.Path) -> bool:
        """Whether the folder holds what this layout is known by."""
        return all((folder / mark).is_dir() for mark in self.marks)


class _PassedOn(Layout):
    def is_in(self, folder: pathlib.Path) -> bool:
        return super().is_in(folder) and not (folder / "testing/test_frame_mask").is_dir()


PASSED_ON = _PassedOn(
    "a set as ano_pred, MNAD and HF2-VAD pass it on",
    "training/frames, testing/frames and a .mat or frame_labels_*.npy",
    ("training/frames", "testing/frames"),
)


def _seen(folder: pathlib.Path, wanted: Layout) -> tuple[Layout, str] | None:
    """The layout other than the wanted one that a folder looks like, and the value of data.source that
    reads it (empty: none does). None: it looks like no other, or like the wanted one."""
    if wanted.is_in(folder):
        return None
    known = [*((row.reader().LAYOUT, row.name) for row in LABELLED_SETS), (PASSED_ON, "")]
    return next((one for one in known if one[0] is not wanted and one[0].is_in(folder)), None)


def _instead(layout: Layout, source: str, what: str, path: pathlib.Path | None = None) -> str:
    """What to do where `what` looks like a layout that `source` reads; path: the folder to give instead."""
    if not source:
        return (
            f"{what} looks like {layout.name} ({layout.looked_for}), a layout that is not read; give the"
            " set as it is published"
        )
    place = f" and data.path={path}" if path else ""
    return f"{what} looks like {layout.name}: set data.source={source}{place}"
