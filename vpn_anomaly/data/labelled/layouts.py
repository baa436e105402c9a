"""The folder layouts of labelled sets, so that the error for a wrong folder can name the right setting.

A published set is recognised by its subfolders. ano_pred, MNAD, HF2-VAD and others redistribute the
same sets in a layout of their own, which is not supported.
"""

import dataclasses
import pathlib

from vpn_anomaly.catalogue import LABELLED_SETS
from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.sources import folders_in
from vpn_anomaly.errors import UserError


@dataclasses.dataclass(frozen=True)
class Layout:
    """A set's layout on disk: its name, the expected content in words, and the subfolders (`marks`) by
    which it is recognised."""

    name: str
    looked_for: str
    marks: tuple[str, ...]

    def error(self, folder: pathlib.Path, lacking: str) -> UserError:
        """The error for a folder that lacks something: names the layout that it has, or the parent or
        subfolder that looks right."""
        if not folder.is_dir():
            return UserError(f"{folder}: no such folder; expected {self.name}: {self.looked_for}")
        return UserError(
            f"{folder} is not {self.name} as it is published: looked for"
            f" {self.looked_for}, found no {lacking}; {self._advice(folder)}"
        )

    def _advice(self, folder: pathlib.Path) -> str:
        other = _other_layout(folder, self)
        if other:
            return _advice_for(*other, "this")
        inside, above = folders_in(folder), folder.resolve().parent
        own = [str(path) for path in inside if self.is_in(path)] or [str(above)] * self.is_in(above)
        if own:
            return f"give one of {shortened(own)}" if len(own) > 1 else f"give {own[0]}"
        for path in [*inside, above]:
            other = _other_layout(path, self)
            if other:
                return _advice_for(*other, str(path), path)
        return "give the folder that holds all of it"

    def is_in(self, folder: pathlib.Path) -> bool:
        """Whether the folder has the subfolders of this layout."""
        return all((folder / mark).is_dir() for mark in self.marks)


class _RedistributedLayout(Layout):
    def is_in(self, folder: pathlib.Path) -> bool:
        return super().is_in(folder) and not (folder / "testing/test_frame_mask").is_dir()


REDISTRIBUTED = _RedistributedLayout(
    "a set as ano_pred, MNAD and HF2-VAD pass it on",
    "training/frames, testing/frames and a .mat or frame_labels_*.npy",
    ("training/frames", "testing/frames"),
)


def _other_layout(folder: pathlib.Path, wanted: Layout) -> tuple[Layout, str] | None:
    """The layout other than `wanted` that a folder has, and the value of data.source that reads it
    (empty: none does). None if it has no other layout, or has the wanted one."""
    if wanted.is_in(folder):
        return None
    known = [*((row.reader().LAYOUT, row.name) for row in LABELLED_SETS), (REDISTRIBUTED, "")]
    return next((one for one in known if one[0] is not wanted and one[0].is_in(folder)), None)


def _advice_for(layout: Layout, source: str, what: str, path: pathlib.Path | None = None) -> str:
    """Advice if `what` has a layout that `source` reads; path: the folder to give instead."""
    if not source:
        return (
            f"{what} looks like {layout.name} ({layout.looked_for}), a layout that is not supported; give the"
            " set as it is published"
        )
    place = f" and data.path={path}" if path else ""
    return f"{what} looks like {layout.name}: set data.source={source}{place}"
