"""Differences between two folders of outputs, file by file, in words."""

import html.parser
import itertools
import json
import pathlib
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence

import numpy as np

# Contents that depend on the time and machine of a run: fields of results.json and train.jsonl, and rows
# of a report.
VOLATILE_RESULTS = ("wall_seconds", "training_seconds", "software", "commit", "hardware")
VOLATILE_STEP = ("seconds",)
VOLATILE_ROWS = (
    "Evaluated",
    "Watched",
    "Training and evaluation",
    "Training took",
    "Hardware",
    "Software",
    "Program",
    "commit",
)
VOLATILE_PICTURE, VOLATILE_FIGURE = "Training", "training.png"  # the loss curve, whose axes include minutes
LONGEST = 200  # characters of a value that are shown
ABSENT = object()  # stands for a value that only the other side has

# The first difference in words (of events: every box that differs), or None.
Difference = str | None


def compared_files(folder: pathlib.Path) -> set[str]:
    """Relative paths of the outputs of a case that are compared.

    Hidden files, logs, the training figure and checkpoints except their calibration scores are left out: the
    effect of the weights shows in all other files.
    """
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        str(path)
        for path in paths
        if not any(part.startswith(".") for part in path.parts) and _rule(path) is not None
    }


def difference(file: str, reference: pathlib.Path, here: pathlib.Path) -> Difference:
    """The difference between two folders in the file at a relative path, which may be missing."""
    for folder, missing in ((reference, "not in the reference"), (here, "not here")):
        if not (folder / file).is_file():
            return missing
    return _rule(pathlib.Path(file))(reference / file, here / file)


def _rule(path: pathlib.Path) -> Callable[[pathlib.Path, pathlib.Path], Difference] | None:
    """The function that compares files at this path; None if they are not compared."""
    if path.name in RULE_OF_NAME:
        return RULE_OF_NAME[path.name]
    if path.name == VOLATILE_FIGURE:
        return None
    if path.suffix != ".npz" and {"checkpoints", "events"} & set(
        path.parts
    ):  # files of Orbax and TensorBoard
        return None
    return RULE_OF_ENDING.get(path.suffix)


def _arrays(reference: pathlib.Path, here: pathlib.Path) -> Difference:
    """Compares names, order, dtypes, shapes and bytes of the arrays in two .npz files."""
    with zipfile.ZipFile(reference) as a, zipfile.ZipFile(here) as b:
        if a.namelist() != b.namelist():
            return f"arrays {a.namelist()} and {b.namelist()}"
        for name in a.namelist():
            if a.read(name) != b.read(name):
                return _array_difference(name, *(np.load(one.open(name)) for one in (a, b)))
    return None


def _array_difference(name: str, a: np.ndarray, b: np.ndarray) -> str:
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return f"{name}: {a.dtype} {a.shape} and {b.dtype} {b.shape}"
    indices = np.argwhere((a != b) & ((a == a) | (b == b)))  # a pair of NaN is no difference
    if not len(indices):
        return f"{name}: equal values of other bytes"
    index = tuple(map(int, indices[0]))
    return f"{name}{list(index)}: {a[index]!r} and {b[index]!r} ({len(indices)} of {a.size} values differ)"


def _lines(reference: pathlib.Path, here: pathlib.Path) -> Difference:
    """Compares text files line by line, to the byte."""
    a, b = (path.read_bytes().splitlines(keepends=True) for path in (reference, here))
    return _first_of("line", a, b)


def _json(reference: pathlib.Path, here: pathlib.Path, without: tuple[str, ...] = ()) -> Difference:
    """Compares two JSON objects, ignoring some of their fields."""
    a, b = (json.loads(path.read_text(encoding="utf-8")) for path in (reference, here))
    return _first_difference(_without(a, without), _without(b, without))


def _results(reference: pathlib.Path, here: pathlib.Path) -> Difference:
    return _json(reference, here, VOLATILE_RESULTS)


def _training(reference: pathlib.Path, here: pathlib.Path) -> Difference:
    """Compares logged training steps, ignoring their times."""
    for number, (a, b) in enumerate(_records(reference, here), 1):
        found = _first_difference(_without(a, VOLATILE_STEP), _without(b, VOLATILE_STEP))
        if found:
            return f"line {number}: {found}"
    return None


def _jsonl(reference: pathlib.Path, here: pathlib.Path) -> Difference:
    """Compares two sequences of records; if only boxes differ, the result lists all that do."""
    boxes = []
    for number, (a, b) in enumerate(_records(reference, here), 1):
        found = _first_difference(_without(a, ("box",)), _without(b, ("box",)))
        if found:
            return f"line {number}: {found}"
        if a.get("box") != b.get("box"):
            boxes.append(f"line {number}: {a.get('box')} and {b.get('box')}")
    if boxes:
        return f"nothing but {len(boxes)} boxes: {'; '.join(boxes)}"
    return None if reference.read_bytes() == here.read_bytes() else "equal records of other bytes"


def _records(reference: pathlib.Path, here: pathlib.Path) -> Iterator[tuple[dict, dict]]:
    """Pairs of records; {} for a line that a file does not have."""
    texts = (path.read_text(encoding="utf-8").splitlines() for path in (reference, here))
    for a, b in itertools.zip_longest(*texts, fillvalue="{}"):
        yield json.loads(a), json.loads(b)


def _without(record: dict, names: tuple[str, ...]) -> dict:
    """The record without fields of these names, at any depth."""
    return {
        name: _without(value, names) if isinstance(value, dict) else value
        for name, value in record.items()
        if name not in names
    }


def _first_difference(a: object, b: object, where: str = "") -> Difference:
    """Compares two JSON values; the order of fields matters, and 1 differs from 1.0."""
    if isinstance(a, dict) and isinstance(b, dict):
        for name in dict.fromkeys([*a, *b]):
            found = _first_difference(a.get(name, ABSENT), b.get(name, ABSENT), f"{where}.{name}".lstrip("."))
            if found:
                return found
        return None if list(a) == list(b) else f"{where}: fields in the order {list(a)} and {list(b)}"
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = enumerate(zip(a, b, strict=True))
        return next(filter(None, (_first_difference(*pair, f"{where}[{i}]") for i, pair in pairs)), None)
    if type(a) is type(b) and a == b:
        return None
    return f"{where}: {_shown(a)} and {_shown(b)}"


def _shown(value: object) -> str:
    return "nothing" if value is ABSENT else f"{value!r}"[:LONGEST]


def _bytes(reference: pathlib.Path, here: pathlib.Path) -> Difference:
    a, b = reference.read_bytes(), here.read_bytes()
    return None if a == b else f"{len(a):,} and {len(b):,} bytes that differ"


def _existence(reference: pathlib.Path, here: pathlib.Path) -> Difference:
    """Checks only that neither video is empty: multi-threaded encoders are not deterministic."""
    sizes = [path.stat().st_size for path in (reference, here)]
    return None if all(sizes) else f"{sizes[0]:,} and {sizes[1]:,} bytes"


def _report(reference: pathlib.Path, here: pathlib.Path) -> Difference:
    """Compares texts and pictures of two pages, ignoring rows that depend on time and machine."""
    return _first_of("part", _page(reference), _page(here))


def _first_of(what: str, a: Sequence[object], b: Sequence[object]) -> Difference:
    """The first position where two sequences differ."""
    for number, (old, new) in enumerate(itertools.zip_longest(a, b, fillvalue=ABSENT), 1):
        if old != new:
            return f"{what} {number}: {_shown(old)} and {_shown(new)}"
    return None


def _page(path: pathlib.Path) -> list[str]:
    """Texts and pictures of a page, without the values of volatile rows."""
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    steady = []
    for before, part in itertools.pairwise(["", *page.parts]):
        if before not in VOLATILE_ROWS:
            steady.append(part)
    return steady


class _Page(html.parser.HTMLParser):
    """Collects the texts and pictures of a page in document order."""

    def __init__(self):
        super().__init__()
        self.parts = []

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if named.get("alt") != VOLATILE_PICTURE:
            self.parts += [named[name] for name in ("src", "alt", "title") if named.get(name)]

    def handle_data(self, data):
        text = re.sub(r"\s+", " ", data).strip()
        if text:
            self.parts.append(text)


RULE_OF_NAME = {"results.json": _results, "train.jsonl": _training}
RULE_OF_ENDING = {
    ".npz": _arrays,
    ".csv": _lines,
    ".json": _json,
    ".jsonl": _jsonl,
    ".html": _report,
    ".png": _bytes,
    ".mkv": _existence,
    ".mp4": _existence,
}
