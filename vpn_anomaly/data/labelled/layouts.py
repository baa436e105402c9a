"""The folder layouts of labelled sets, so that the error for a wrong folder can name the right setting.

A set is recognised by its subfolders.
"""

import dataclasses
import pathlib

from vpn_anomaly.catalogue import LABELLED_SETS
from vpn_anomaly.data.video.image_folder import shortened
from vpn_anomaly.data.video.sources import folders_in
from vpn_anomaly.errors import UserError


@dataclasses.dataclass(frozen=True)
class Layout:
    """A set's layout on disk.

    Attributes:
      name: of the set.
      looked_for: the expected content, in words.
      marks: the subfolders by which it is recognised.
      without: subfolders that it does not have.
      form: where the layout is from, in words after the name.
    """

    name: str
    looked_for: str
    marks: tuple[str, ...]
    without: tuple[str, ...] = ()
    form: str = "as it is published"

    def error(self, folder: pathlib.Path, lacking: str) -> UserError:
        """The error for a folder that lacks something: names the layout that it has, or the parent or
        subfolder that looks right."""
        if not folder.is_dir():
            return UserError(f"{folder}: no such folder; expected {self.name}: {self.looked_for}")
        return UserError(
            f"{folder} is not {self.name} {self.form}: looked for"
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
        has = lambda name: (folder / name).is_dir()
        return all(map(has, self.marks)) and not any(map(has, self.without))


def _other_layout(folder: pathlib.Path, wanted: Layout) -> tuple[Layout, str] | None:
    """The layout other than `wanted` that a folder has, and the value of data.source that reads it.

    None if it has no other layout, or has the wanted one.
    """
    if wanted.is_in(folder):
        return None
    known = [(row.reader().LAYOUT, row.name) for row in LABELLED_SETS]
    return next((one for one in known if one[0] is not wanted and one[0].is_in(folder)), None)


def _advice_for(layout: Layout, source: str, what: str, path: pathlib.Path | None = None) -> str:
    """Advice if `what` has a layout that `source` reads; path: the folder to give instead."""
    place = f" and data.path={path}" if path else ""
    return f"{what} looks like {layout.name}: set data.source={source}{place}"
