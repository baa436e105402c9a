"""Resolves a path, glob pattern, folder or address to the sources that `open_video` opens."""

import glob
import os
import pathlib
import re

from vpn_anomaly.data.video.image_formats import image_endings
from vpn_anomaly.errors import UserError
from vpn_anomaly.text.display_names import display_name, display_name_of_missing

ADDRESSES = ("rtsp://", "http://", "https://", "udp://", "tcp://")
VIDEOS = frozenset(
    ".3gp .asf .avi .flv .gif .h264 .h265 .hevc .m2ts .m4v .mjpeg .mjpg .mkv .mov .mp4 .mpeg .mpg"
    " .mts .mxf .npy .ogv .ts .vob .webm .wmv .y4m".split()
)
NEEDED = (
    "expected a video file, a pattern such as 'normal/*.mp4', a folder of images or videos,"
    f" a .npy of frames, camera:0, - (what is piped in), or an address ({' '.join(ADDRESSES)})"
)


def sources(where: str) -> list[str]:
    """The sources that `where` names, in natural order ("2" before "10").

    A folder of images is one source, a folder of videos one source per video; subfolders are not
    searched. A pattern stands for its matches, with folders treated likewise, and images in one folder
    are one source. Hidden files and Thumbs.db are skipped, and so are files whose extension is neither
    an image's nor a video's, unless the pattern matches nothing else. - is standard input. UserError
    if nothing is found, or if a folder contains both images and videos.
    """
    if where == "-":
        where = "/dev/stdin"
        if os.isatty(0):
            raise UserError("-: the standard input is a terminal; send a video into it through a pipe")
    if is_address(where) or is_camera(where):
        return [where]
    if os.path.isdir(where):
        found = _in_folder(pathlib.Path(where))
        if not found:
            raise UserError(
                f"{where}: no images and no videos in this folder"
                f"{_folders_inside(pathlib.Path(where))}; {NEEDED}"
            )
        return found
    if os.path.exists(where):
        return [where]
    if not glob.has_magic(where):
        raise UserError(f"{display_name_of_missing(where)}: no such file or folder; {NEEDED}")
    found = _matching(where)
    if not found:
        raise UserError(
            f"{display_name_of_missing(where)}: the pattern matches no image and no video; {NEEDED}"
        )
    return found


def one_source(where: str) -> str:
    """The one source that `where` names, whether or not it can be opened. UserError if it names several."""
    named = where == "-" or os.path.exists(where) or glob.has_magic(where)
    found = sources(where) if named or is_address(where) else [where]
    if len(found) > 1:
        raise UserError(
            f"--input={where} names {len(found)} sources, but of several --input each has to name one;"
            " list them in a text file, one a line: --input=@FILE"
        )
    return found[0]


def is_address(source: str) -> bool:
    """Whether it is the address of a network stream. UserError for an unsupported scheme."""
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", source)
    if scheme and scheme[0].lower() not in ADDRESSES:
        raise UserError(f"{display_name(source)}: {scheme[0]} is not supported; {NEEDED}")
    return bool(scheme)


def is_camera(source: str) -> bool:
    """Whether it names a camera device: camera:0, /dev/video0, /dev/v4l/by-id/…"""
    return source.startswith(("camera:", "/dev/video", "/dev/v4l/"))


def image_files(source: str) -> list[pathlib.Path]:
    """The images in a folder, those that match a pattern, or the one image of this name, in natural order.

    Empty if the source is something else.
    """
    path = pathlib.Path(source)
    if os.path.isdir(source):  # Path.is_dir raises an error if a name is too long
        files = files_in(path)
    elif os.path.exists(source):
        files = [path]
    else:
        files = _files(map(pathlib.Path, glob.glob(source)))
    return [file for file in files if is_image(file)]


def is_image(path: pathlib.Path) -> bool:
    """Whether the extension is an image's. GIFs count as videos: animated ones have frame times."""
    ending = path.suffix.lower()
    return ending in image_endings() and ending not in VIDEOS


def files_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """The files in a folder except hidden ones and Thumbs.db, in natural order."""
    return _files(_content(folder))


def folders_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """The subfolders of a folder that are not hidden, in natural order."""
    found = (path for path in _content(folder) if path.is_dir() and not path.name.startswith("."))
    return sorted(found, key=_path_order)


def natural_sort_key(name: str) -> tuple:
    """A sort key for names: numbers compare as numbers, letters ignoring case."""
    pieces = re.split(r"(\d+)", name)
    pieces[1::2] = map(int, pieces[1::2])
    return [piece if type(piece) is int else piece.casefold() for piece in pieces], name


def _path_order(path: pathlib.Path) -> list:
    return [natural_sort_key(part) for part in path.parts]


def _files(paths) -> list[pathlib.Path]:
    """The files among the paths except hidden ones and Thumbs.db, in natural order.

    Includes dangling links and inaccessible files, which are reported when they are opened.
    """
    kept = (
        path
        for path in paths
        if (os.path.isfile(path) or not os.path.exists(path))
        and not path.name.startswith(".")
        and path.name != "Thumbs.db"
    )
    return sorted(kept, key=_path_order)


def _content(folder: pathlib.Path) -> list[pathlib.Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise UserError(f"{folder}: cannot be listed ({error.strerror}); {NEEDED}") from error


def _in_folder(folder: pathlib.Path) -> list[str]:
    """The folder itself if it contains images, else its videos; empty if it has neither."""
    files = files_in(folder)
    videos = [str(path) for path in files if path.suffix.lower() in VIDEOS]
    images = sum(map(is_image, files))
    if images and videos:
        raise UserError(
            f"{folder}: {images} images and {len(videos)} videos in one folder; give a pattern such"
            f" as {str(folder / '*')!r} followed by the ending of those to read"
        )
    return [str(folder)] if images else videos


def _matching(pattern: str) -> list[str]:
    matches = [pathlib.Path(match) for match in glob.glob(pattern, recursive=True)]
    files = _files(matches)
    known = [path for path in files if is_image(path) or path.suffix.lower() in VIDEOS]
    files = known or files
    images = [path for path in files if is_image(path)]
    last = os.path.basename(pattern)
    # A source is one string, so the images in one folder are named by the pattern's last part.
    found = {path.parent: [os.path.join(glob.escape(str(path.parent)), last)] for path in images}
    found.update((path, [str(path)]) for path in files if not is_image(path))
    # A folder that cannot be listed is a source that cannot be opened.
    found.update(
        (path, _in_folder(path) if os.access(path, os.R_OK | os.X_OK) else [str(path)])
        for path in matches
        if os.path.isdir(path) and not path.name.startswith(".")
    )
    return [source for path in sorted(found, key=_path_order) for source in found[path]]


def _folders_inside(folder: pathlib.Path) -> str:
    folders = sum(path.is_dir() for path in _content(folder))
    return f" ({folders} folders are: try {str(folder / '*')!r})" if folders else ""
