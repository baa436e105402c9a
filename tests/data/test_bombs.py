"""Files that would take far more memory than they have bytes are refused, in one line, and before.

All are read in one process that may take little more memory than it has when it begins.
"""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from tests.data import bombs
from tests.data.bombs import write_matlab, write_npy, write_npz
from tests.data.video_files import moving_frames, write_image, write_video

GIGABYTES = 0.1  # that are allowed here
SECONDS = 10  # that one may take at most, on a machine that does other work, too
TWENTY = (20_000, 1000, 1000)  # of a sequence file, 20 GB
DEFAULT = "data.video.max_gigabytes allows 1;"
SEQUENCES, FOOTAGE = "score.max_gigabytes allows 0.1", "data.video.max_gigabytes allows 0.1"
DAMAGED = "truncated or damaged"

READER = f"""
import json, pathlib, resource, sys, time
import av, PIL.Image, scipy.io  # what they take is no part of what a file takes
from vpn_anomaly.data import memory_limit, sequence_files
from vpn_anomaly.data.labelled import avenue
from vpn_anomaly.data.labelled import frame_folders
from vpn_anomaly.data.labelled import shanghaitech
from vpn_anomaly.data.labelled import ucsd
from vpn_anomaly.data.digits import load_digits
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.watching.zones import read_zones

assert "jax" not in sys.modules
sequences, footage = memory_limit.for_sequences({GIGABYTES}), memory_limit.for_footage({GIGABYTES})

def labels(reader, allowed=footage):
    def read(path):
        for clip in reader.test_clips(pathlib.Path(path), allowed):
            clip.read_masks()
    return read

def video(path):
    with open_video(path, VideoSettings(max_gigabytes={GIGABYTES})) as opened:
        for frame in opened:
            frame.image
        if opened.problem:
            raise UserError(opened.problem)

READ = {{
    "sequences": lambda path: sequence_files.read_sequences(path, sequences).sum(),
    "digits": lambda path: load_digits(path, sequences), "video": video,
    "zones": lambda path: read_zones(path, 8, 8, footage),
    "ucsd": labels(ucsd, memory_limit.for_footage()),
    "avenue": labels(avenue), "shanghaitech": labels(shanghaitech), "frame_folders": labels(frame_folders),
}}
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 800 * 2**20,) * 2)
for line in sys.stdin:
    kind, path = json.loads(line)
    began, said = time.monotonic(), None
    try:
        READ[kind](path)
    except UserError as error:
        said = str(error)
    except BaseException as error:
        said = f"{{type(error).__name__}}\\n{{error}}"
    print(json.dumps([said, time.monotonic() - began]), flush=True)
"""


@pytest.fixture(scope="module")
def said_of():
    """A function: what is said of a file of a kind, and in how many seconds."""
    with subprocess.Popen(
        [sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:

        def said(kind, path):
            child.stdin.write(json.dumps([kind, str(path)]) + "\n")
            child.stdin.flush()
            return json.loads(child.stdout.readline())

        yield said
        child.stdin.close()


def saved(**arrays):
    return lambda path: np.savez_compressed(path.open("wb"), **arrays)


def packed_by(method):
    """A .npz of 20 GB of zeros, it says, packed otherwise than numpy does."""

    def write(path):
        with zipfile.ZipFile(path, "w", method) as archive, archive.open("a.npy", "w") as member:
            header = bombs.npy_header((*TWENTY, 1))
            member.write(header + bytes(10**6))
            member.close()
            archive.filelist[0].file_size = len(header) + 20 * 10**9

    return write


def many_names(path):
    with open(path, "wb") as file:
        entry = b"PK\1\2" + bytes(24) + b"\x08\0" + bytes(16)
        bombs.write_directory(file, [entry + f"{n:08d}".encode() for n in range(100_000)])
        file.seek(0)
        file.write(b"PK\3\4")


SEQUENCE_FILES = {
    "20 GB in 20 MB": (lambda path: write_npz(path, (*TWENTY, 1), megabytes=20_000), SEQUENCES),
    "20 GB promised": (lambda path: write_npz(path, (*TWENTY, 1), megabytes=1), SEQUENCES),
    "an honest one": (saved(a=np.zeros((11, 10, 1000, 1000), np.uint8)), SEQUENCES),
    "more than its header says": (lambda path: write_npz(path, (9, 9, 9, 9), megabytes=4000), DAMAGED),
    "more than its archive says": (
        lambda path: write_npz(path, (*TWENTY, 1), megabytes=4000, declared=10_000),
        DAMAGED,
    ),
    "less than its archive says": (
        lambda path: write_npz(path, (9, 9, 9, 9), megabytes=4000, declared=2 * 10**10),
        DAMAGED,
    ),
    "a small one that ends early": (lambda path: write_npz(path, (9, 1000, 1000, 1), megabytes=0), DAMAGED),
    "encrypted": (lambda path: write_npz(path, (9, 9, 9, 9), megabytes=0, flags=1), "it is encrypted"),
    "by LZMA": (packed_by(zipfile.ZIP_LZMA), SEQUENCES),
    "by bzip2": (packed_by(zipfile.ZIP_BZIP2), SEQUENCES),
    "many names": (many_names, DAMAGED),
    "an archive in an archive": (
        lambda path: saved(a=np.frombuffer(bombs.npy_header((9,)), np.uint8))(path),
        "an array of shape",
    ),
    "on the disk, without content": (lambda path: write_npy(path, (*TWENTY, 1)), SEQUENCES),
    "on the disk, ends early": (lambda path: write_npy(path, (*TWENTY, 1), size=10_000), DAMAGED),
    "endless axes": (lambda path: write_npy(path, (10**25, 9, 9, 9), size=10_000), DAMAGED),
    "overflowing axes": (lambda path: write_npy(path, (2**62, 2**62, 2**62, 1), size=10_000), DAMAGED),
    "digits without end": (
        lambda path: write_npy(path, (1,), text="{'shape': (" + "9" * 6000 + ",)}", size=9000),
        DAMAGED,
    ),
    "a deep header": (
        lambda path: write_npy(path, (1,), text="{'shape': " + "-" * 9000 + "1}", size=20_000),
        DAMAGED,
    ),
    "brackets": (lambda path: write_npy(path, (1,), text="(" * 9000, size=20_000), DAMAGED),
    "a long header": (
        lambda path: (
            path.write_bytes(b"\x93NUMPY\2\0" + (2**32 - 1).to_bytes(4, "little")),
            sparse(path, 2**32),
        ),
        DAMAGED,
    ),
}


def sparse(path, size):
    with open(path, "ab") as file:
        file.truncate(size)


@pytest.mark.parametrize("name", SEQUENCE_FILES)
def test_files_of_sequences(tmp_path, said_of, name):
    write, words = SEQUENCE_FILES[name]
    path = tmp_path / "input"
    write(path)
    refused(said_of("sequences", path), path, words)


@pytest.mark.parametrize(
    "write, words",
    [
        (lambda path: write_npz(path, (10**8, 28, 28), names=("train", "test")), SEQUENCES),
        (lambda path: write_npz(path, (10**8, 28, 28), names=("x",)), SEQUENCES),
        (lambda path: write_npz(path, (100_000, 28, 28), names=("train", "test"), megabytes=1), SEQUENCES),
        (lambda path: write_npz(path, (10**8,), names=("train", "test")), "expected uint8 (N, 28, 28)"),
        (
            lambda path: write_npz(path, (10**8,), names=[f"{n:0500d}" for n in range(500)], megabytes=0),
            "has arrays",
        ),
    ],
)
def test_glyphs(tmp_path, said_of, write, words):
    write(tmp_path / "digits.npz")
    said = refused(said_of("digits", tmp_path / "digits.npz"), tmp_path, words)
    assert len(said) < 5000


def refused(answer, where, words):
    """Holds that it was refused in one line with these words, and in time; the line."""
    said, seconds = answer
    assert said and "\n" not in said, said
    assert str(where) in said and words in said
    assert seconds < SECONDS
    return said


CELL = bombs.matlab_zeros()
LABELS = {
    "2 GB in 2 MB": (
        bombs.long_matlab_array(
            bombs.matlab_array(
                1,
                (1, 1),
                bombs.matlab_array(9, (2000, 10**6), length=2 * 10**9),
                "volLabel",
                length=2 * 10**9 + 100,
            ),
            2000,
        ),
        FOOTAGE,
    ),
    "2 GB that are not told": (
        bombs.long_matlab_array(bombs.matlab_array(1, (1, 1), CELL, "volLabel"), 2000),
        FOOTAGE,
    ),
    "2 GB of another name": (
        bombs.long_matlab_array(bombs.matlab_array(9, (2, 2), CELL, "other"), 2000),
        FOOTAGE,
    ),
    "a long name": (
        bombs.long_matlab_array(bombs.matlab_array(9, (2, 2))[:-8] + b"\1\0\0\0\xf0\xff\xff\x7f", 2000),
        DAMAGED,
    ),
    "many cells": (bombs.matlab_array(1, (30_000, 30_000), CELL, "volLabel"), FOOTAGE),
    "text": (bombs.matlab_array(4, (30_000, 30_000), b"", "volLabel"), "volLabel is text[30000, 30000]"),
    "records": (bombs.matlab_array(2, (30_000, 30_000), b"", "volLabel"), "volLabel is struct[30000, 30000]"),
    "numbers": (bombs.matlab_array(9, (30_000, 30_000), b"", "volLabel"), "volLabel is uint8[30000, 30000]"),
    "text in a cell": (
        bombs.matlab_array(1, (1, 1), bombs.matlab_array(4, (2**15, 2**15)), "volLabel"),
        "cell 1 of volLabel is not a matrix of numbers",
    ),
    "cells in a cell": (
        bombs.matlab_array(1, (1, 2), CELL + bombs.matlab_array(1, (2**15, 2**15)), "volLabel"),
        "cell 2 of volLabel is not a matrix of numbers",
    ),
    "nothing at all": (None, DAMAGED),
    "absurd axes in a cell": (
        bombs.matlab_array(1, (1, 1), bombs.matlab_array(9, (2**15, 2**15), bytes(8)), "volLabel"),
        DAMAGED,
    ),
}


@pytest.mark.parametrize("name", LABELS)
def test_matlab_files(avenue_folder, said_of, name):
    array, words = LABELS[name]
    path = avenue_folder / "testing_label_mask/1_label.mat"
    write_matlab(path, *([array] if array else []))
    if array is None:  # as large as is allowed, without content
        sparse(path, 9 * 10**7)
    assert array is None or path.stat().st_size < 4 * 10**6
    refused(said_of("avenue", avenue_folder), path, words)


def test_matlab_files_that_are_well(avenue_folder, said_of):
    path = avenue_folder / "testing_label_mask/1_label.mat"
    write_matlab(
        path, bombs.matlab_array(9, (3, 3), b"", "x"), bombs.matlab_array(1, (1, 3), CELL * 3, "volLabel")
    )
    assert said_of("avenue", avenue_folder)[0] is None


@pytest.fixture
def avenue_folder(tmp_path):
    for name in ("training_videos", "testing_videos", "testing_label_mask"):
        (tmp_path / name).mkdir()
    write_video(tmp_path / "testing_videos/01.avi", moving_frames(3, 32, 32, 1))
    return tmp_path


SPACES = " " * 10**6
GROUPS = "TestVideoFile{end+1}.gt_frame ="


@pytest.mark.parametrize(
    "line",
    [
        *(
            f"{GROUPS} {line}"
            for line in (
                f"1{SPACES}x",
                f"[1{SPACES}x];",
                f"[{SPACES}",
                f"{SPACES}x",
                f"1{SPACES}:{SPACES}x",
                "1" * 5000,
                f"[{'1' * 10**6}:2]",
                f"1:{'2' * 10**6}",
                "[" * 10**6,
                "]" * 10**6,
                "[1" + "] " * 10**6 + "x",
                "[" + "1:" * 10**6 + "]",
                ":" * 10**6,
                f"[1{';' * 10**6}x]",
                f"1{';' * 10**6}",
                f"1{SPACES};{SPACES};",
                f"[{'1 : ' * 10**5}]",
                "٣" * 10**6,
            )
        ),
        f"TestVideoFile{SPACES}x",
        f"TestVideoFile{{{SPACES}x",
        f"TestVideoFile = {{{SPACES}x",
        SPACES + "x",
        f"TestVideoFile{{end{SPACES}+{SPACES}1}}{SPACES}.gt{SPACES}",
        "x" * 10**6,
    ],
    ids=str.__len__,
)
def test_lines_of_labels(ucsd_folder, said_of, line):
    (ucsd_folder / "Test/x.m").write_text(f"TestVideoFile = {{}};\n{line}\n")
    said = refused(said_of("ucsd", ucsd_folder), ucsd_folder, "x.m: line 2 is ")
    assert len(said) < 1000


def test_long_labels_that_are_well(ucsd_folder, said_of):
    gap = " " * 500_000
    (ucsd_folder / "Test/x.m").write_text(f"{GROUPS} [{gap}1{gap}:{gap}2{',' * 10**6}]{gap};")
    said, seconds = said_of("ucsd", ucsd_folder)
    assert said is None and seconds < SECONDS


def test_a_long_file_of_labels(ucsd_folder, said_of):
    sparse(ucsd_folder / "Test/x.m", 10**10)
    refused(said_of("ucsd", ucsd_folder), ucsd_folder, DEFAULT)


@pytest.mark.parametrize(
    "write, size",
    [(bombs.bmp, (60_000, 60_000)), (bombs.png, (20_000, 20_000)), (bombs.tiff, (60_000, 9000))],
)
def test_masks_of_images(ucsd_folder, said_of, write, size):
    (ucsd_folder / "Test/x.m").write_text(f"{GROUPS} [1:2];")
    for number in (1, 2):
        (ucsd_folder / f"Test/Test001_gt/{number:03d}.bmp").write_bytes(write(*size))
    refused(said_of("ucsd", ucsd_folder), ucsd_folder, DEFAULT)


@pytest.fixture
def ucsd_folder(tmp_path):
    for folder in ("Train", "Test/Test001", "Test/Test001_gt"):
        (tmp_path / folder).mkdir(parents=True)
    for number in (1, 2):
        write_image(tmp_path / f"Test/Test001/{number:03d}.bmp", np.zeros((32, 32, 1), np.uint8))
        write_image(tmp_path / f"Test/Test001_gt/{number:03d}.bmp", np.zeros((32, 32, 1), np.uint8))
    return tmp_path


@pytest.mark.parametrize(
    "kind, shape, words",
    [("test_pixel_mask", (2, 30_000, 30_000), FOOTAGE), ("test_frame_mask", (10**9,), FOOTAGE)],
)
def test_masks_of_arrays(tmp_path, said_of, kind, shape, words):
    (tmp_path / "training").mkdir()
    clip = tmp_path / "testing/frames/01"
    clip.mkdir(parents=True)
    for name, stored in (("test_frame_mask", (2,)), ("test_pixel_mask", (2, 8, 8))):
        (tmp_path / "testing" / name).mkdir()
        write_npy(tmp_path / "testing" / name / "01.npy", shape if name == kind else stored)
    for number in (0, 1):
        write_image(clip / f"{number:03d}.png", np.zeros((8, 8, 1), np.uint8))
    refused(said_of("shanghaitech", tmp_path), tmp_path / "testing" / kind, words)


@pytest.mark.parametrize(
    "array, words",
    [
        (bombs.long_matlab_array(bombs.matlab_array(1, (1, 1), CELL, "gt"), 2000), FOOTAGE),
        (bombs.matlab_array(1, (30_000, 30_000), CELL, "gt"), FOOTAGE),
        (
            bombs.matlab_array(1, (1, 1), bombs.matlab_array(1, (2**15, 2**15)), "gt"),
            "is not a matrix of numbers",
        ),
        (
            bombs.matlab_array(1, (1, 1), bombs.matlab_ones(2, 10**7), "gt"),
            "[2, 10000000] for a clip of 2 frames",
        ),
        (None, FOOTAGE),
    ],
)
def test_labels_of_frame_folders(tmp_path, said_of, array, words):
    for place in ("training/frames/01", "testing/frames/01"):
        (tmp_path / place).mkdir(parents=True)
        for number in (0, 1):
            write_image(tmp_path / place / f"{number:03d}.png", np.zeros((8, 8, 1), np.uint8))
    if array:
        write_matlab(tmp_path / "x.mat", array)
    else:
        write_npy(tmp_path / "frame_labels_x.npy", (10**9,))
    refused(said_of("frame_folders", tmp_path), tmp_path, words)


@pytest.mark.parametrize(
    "kind, writer, name, size",
    [
        (kind, writer, name, size)
        for writer, name in ((bombs.png, "x.png"), (bombs.bmp, "x.bmp"), (bombs.tiff, "x.tif"))
        for size in ((60_000, 60_000), (12_000, 12_000))
        for kind in ("video", "zones")
    ],
)
def test_images(tmp_path, said_of, kind, writer, name, size):
    path = tmp_path / name
    path.write_bytes(writer(*size))
    said = refused(said_of(kind, path), path, FOOTAGE)
    assert "a frame of {}x{} pixels takes".format(*size) in said


def test_one_absurd_image_among_others_is_passed_over(tmp_path, said_of):
    for number in range(3):
        write_image(tmp_path / f"{number}.png", np.zeros((8, 8, 1), np.uint8))
    (tmp_path / "1.png").write_bytes(bombs.png(60_000, 60_000))
    refused(said_of("video", tmp_path), "1.png: a frame of 60000x60000 pixels takes", FOOTAGE)


@pytest.mark.parametrize("size", [(60_000, 60_000), (12_000, 12_000)])
@pytest.mark.parametrize(
    "codec, pixels, name",
    [("ffv1", "bgr0", "x.mkv"), ("rawvideo", "yuv420p", "x.mkv"), ("rawvideo", "yuv420p", "x.avi")],
)
def test_videos(tmp_path, said_of, codec, pixels, name, size):
    path = tmp_path / name
    write_video(path, moving_frames(2, 480, 640), codec, pixels)
    bombs.enlarge(path, *size)
    said = refused(said_of("video", path), path, FOOTAGE)
    assert "a frame of {}x{} pixels takes".format(*size) in said


def test_frames_of_an_array(tmp_path, said_of):
    write_npy(tmp_path / "x.npy", (3, 60_000, 60_000))
    refused(said_of("video", tmp_path / "x.npy"), tmp_path, FOOTAGE)
