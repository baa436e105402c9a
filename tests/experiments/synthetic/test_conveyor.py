"""The conveyor: truth against pixels, motion against correlation, files against frames."""

import collections
import json
import math
import resource

import av
import numpy as np
import pytest

from experiments.synthetic import conveyor
from experiments.synthetic.conveyor_world import shapes
from experiments.synthetic.conveyor_world.schedule import KINDS
from experiments.synthetic.conveyor_world.world import Conveyor
from experiments.synthetic.world_files import write_video
from vpn_anomaly.errors import UserError

RATE = 15
SLACK = 4  # pixels that a box may be wider than what differs, on each side


@pytest.fixture(scope="module")
def world():
    return Conveyor(7, "test", minutes=1, height=48, width=80, rate=RATE, defects=6)


@pytest.fixture(scope="module")
def large():
    return Conveyor(3, "test", defects=12)


def test_frames_differ_from_normal_where_the_truth_says_and_when(world):
    boxes = {
        defect.first + number: (defect.kind, box)
        for defect in world.defects
        for number, box in enumerate(defect.boxes)
    }
    assert len(boxes) == sum(defect.end - defect.first for defect in world.defects)
    for index in range(world.frames):
        rows, columns = np.nonzero(world.frame(index) != world.normal_frame(index))
        assert bool(rows.size) == (index in boxes), index
        if not rows.size:
            continue
        kind, (top, left, bottom, right) = boxes[index]
        assert 0 <= top < bottom <= 48 and 0 <= left < right <= 80
        room = (rows.min() - top, columns.min() - left, bottom - 1 - rows.max(), right - 1 - columns.max())
        assert min(room) >= 0, (kind, index)
        if left > 0 and right < 80 or kind.startswith("belt"):  # wholly in the picture
            assert max(room) <= SLACK, (kind, index)


@pytest.mark.parametrize("seed, height, width", [(0, 96, 160), (2, 32, 32), (5, 64, 49)])
def test_the_truth_holds_in_other_worlds(seed, height, width):
    world = Conveyor(seed, "test", height=height, width=width, defects=12)
    for defect in world.defects:
        for index in (defect.first - 1, defect.end):
            np.testing.assert_array_equal(world.frame(index), world.normal_frame(index))
        for index in {defect.first, *range(defect.first + 2, defect.end, 7), defect.end - 1}:
            changed = world.frame(index) != world.normal_frame(index)
            assert changed.any(), (defect.kind, index)
            top, left, bottom, right = defect.boxes[index - defect.first]
            changed[top:bottom, left:right] = False
            assert not changed.any(), (defect.kind, index)


def test_every_kind_comes_twice_with_five_normal_seconds_around(large):
    assert collections.Counter(defect.kind for defect in large.defects) == dict.fromkeys(KINDS, 2)
    ends = [0, *(defect.end for defect in large.defects)]
    firsts = [*(defect.first for defect in large.defects), large.frames]
    assert min(np.subtract(firsts, ends)) >= 5 * RATE
    for defect in large.defects:
        if defect.kind.startswith("belt"):
            assert defect.end - defect.first == 2 * RATE
        else:
            assert defect.end - defect.first > 160 / 3


def shift_between(before_HxW, after_HxW, largest=40):
    """Columns by which a picture moved to the right: peak of the correlation coefficient."""
    width, scores = before_HxW.shape[1], []
    for shift in range(-largest, largest + 1):
        first = before_HxW[:, max(-shift, 0) : width - max(shift, 0)]
        second = after_HxW[:, max(shift, 0) : width + min(shift, 0)]
        scores.append(np.corrcoef(first.ravel(), second.ravel())[0, 1])
    peak = int(np.argmax(scores))
    left, middle, right = scores[peak - 1 : peak + 2]
    return peak - largest + (left - right) / (2 * (left - 2 * middle + right))


def test_the_belt_moves_as_fast_as_is_said(large):
    strip = slice(8, 15)  # belt above all parts
    starts = {"normal": (0, 30, 60)}
    for defect in large.defects:
        starts.setdefault(defect.kind, []).append(defect.first + 5)
    measured = collections.defaultdict(list)
    for kind in ("normal", "belt_stopped", "belt_reversed"):
        for start in starts[kind]:
            shift = shift_between(large.frame(start)[strip], large.frame(start + 8)[strip])
            assert abs(shift - large.speed_T[start + 1 : start + 9].sum()) < 0.2
            measured[kind].append(shift / 8)
    assert all(2 < speed < 3 for speed in measured["normal"])
    assert all(abs(speed) < 0.05 for speed in measured["belt_stopped"])
    assert all(-3 < speed < -2 for speed in measured["belt_reversed"])
    normal_T = np.ones(large.frames, bool)
    for defect in large.defects:
        if defect.kind.startswith("belt"):
            speed = large.speed_T[defect.first : defect.end]
            least, greatest = (-1e-9, 1e-9) if defect.kind == "belt_stopped" else (-3, -2)
            assert np.all((speed >= least) & (speed <= greatest))
            normal_T[defect.first : defect.end] = False
    assert np.all((large.speed_T[1:] > 2) & (large.speed_T[1:] < 3) == normal_T[1:])
    assert np.nanmax(np.abs(large.speed_T)) <= 4  # as far as detectors look


def test_parts_move_by_fractions_of_a_pixel(large):
    """The centroid of a missing part's difference from the belt goes on with the belt."""
    defect = next(defect for defect in large.defects if defect.kind == "missing_part")
    whole = [number for number, box in enumerate(defect.boxes) if box[1] > 0 and box[3] < 160]
    centroids = []
    for number in whole:
        index = defect.first + number
        weight = np.abs(large.normal_frame(index).astype(float) - large.frame(index)).sum(0)
        centroids.append(weight @ np.arange(160) / weight.sum())
    speeds = large.speed_T[defect.first + whole[1] : defect.first + whole[-1] + 1]
    assert len(whole) > 20
    np.testing.assert_allclose(np.diff(centroids), speeds, atol=0.25)


def test_a_frame_is_a_function_of_its_number(world, large):
    again = Conveyor(7, "test", minutes=1, height=48, width=80, rate=RATE, defects=6)
    for index in (899, 0, 450):
        np.testing.assert_array_equal(again.frame(index), world.frame(index))
    assert again.defects == world.defects
    for other in (
        Conveyor(8, "test", minutes=1, height=48, width=80, defects=6),
        Conveyor(7, "train", minutes=1, height=48, width=80),
    ):
        assert (other.frame(0) != world.frame(0)).mean() > 0.5
        assert other.defects != world.defects
    for index in (-1, world.frames):
        with pytest.raises(IndexError):
            world.frame(index)


def test_the_light_changes_slowly_and_the_noise_is_two_levels(large):
    rails = [large.frame(index)[:8].astype(float) for index in range(0, 3600, 45)]
    assert np.ptp([rail.mean() for rail in rails]) > 5
    differences = []
    for index in range(0, 3600, 360):
        difference = large.frame(index + 1)[:8].astype(float) - large.frame(index)[:8]
        assert abs(difference.mean()) < 0.5
        differences.append(difference - difference.mean())
    deviation = math.sqrt(2 * (2**2 + 1 / 12))  # two frames, rounded
    np.testing.assert_allclose(np.std(differences), deviation, rtol=0.03)
    neighbours = np.mean(np.multiply(differences, np.roll(differences, 1, axis=2)))
    assert abs(neighbours) < 0.03 * deviation**2


@pytest.mark.parametrize(
    "name, area",
    [
        ("washer", math.pi * (1 - 0.42**2)),
        ("bracket", 2 * 0.7 * 1.7 - 0.7**2 - 2 * math.pi * 0.17**2),
        ("plate", 2 * 1.36 - 4 * math.pi * 0.15**2 - 0.7 * 0.22),
    ],
)
def test_shapes_have_the_area_of_their_formula(name, area):
    y, x = np.mgrid[-1.5:1.5:601j, -1.5:1.5:601j]
    assert (shapes.SHAPES[name](x, y) < 0).sum() * 0.005**2 == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize("name", shapes.SHAPES)
def test_no_shape_goes_beyond_the_reach(name):
    angle = np.linspace(0, 2 * np.pi, 1000)
    for radius in (shapes.REACH, 1.5, 3):
        assert shapes.SHAPES[name](radius * np.cos(angle), radius * np.sin(angle)).min() > 0


SMALL = ["--minutes=0.05", "--test_minutes=0.5", "--height=32", "--width=50", "--defects=2"]


def test_the_files_hold_the_frames_and_the_truth(tmp_path, capsys):
    assert conveyor.main([f"--output={tmp_path}/made/here", "--seed=4", *SMALL]) == 0
    folder, size = tmp_path / "made/here", {"height": 32, "width": 50}
    test = Conveyor(4, "test", minutes=0.5, defects=2, **size)
    for name, world in (("normal", Conveyor(4, minutes=0.05, **size)), ("test", test)):
        with av.open(str(folder / f"{name}.mkv")) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "ffv1" and stream.average_rate == RATE
            frames = list(container.decode(stream))
        assert len(frames) == world.frames
        for index, frame in enumerate(frames):
            np.testing.assert_array_equal(frame.to_ndarray(format="gray"), world.frame(index))
            assert frame.time == pytest.approx(index / RATE, abs=0.001)
    truth = json.loads((folder / "truth.json").read_text())
    assert [(one["kind"], one["first"], one["end"]) for one in truth["defects"]] == [
        (one.kind, one.first, one.end) for one in test.defects
    ]
    for one, defect in zip(truth["defects"], test.defects, strict=True):
        assert one["boxes"] == [list(box) for box in defect.boxes]
    assert {name: truth[name] for name in ("seed", "rate", "defects", "frames")} == {
        "seed": 4,
        "rate": RATE,
        "defects": truth["defects"],
        "frames": 450,
    }
    assert {path.name for path in folder.iterdir()} == {"normal.mkv", "test.mkv", "truth.json"}
    told = capsys.readouterr()
    assert "frame 495/495  0:00 left" in told.err and "2 defects" in told.out


@pytest.mark.parametrize(
    "argument, words",
    [
        ("--height=0", "height=0: give 32 to 2048"),
        ("--width=31", "width=31"),
        ("--rate=0", "rate=0"),
        ("--minutes=nan", "minutes=nan"),
        ("--test_minutes=0", "test_minutes=0"),
        ("--defects=-1", "defects=-1"),
        ("--defects=9", "need a video of"),
        ("--seed=-1", "seed=-1"),
    ],
)
def test_what_cannot_be_made_is_one_line(tmp_path, capsys, argument, words):
    assert conveyor.main([f"--output={tmp_path}/out", *SMALL, argument]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and words in error
    assert not (tmp_path / "out").exists()


def test_what_is_no_folder_is_one_line(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert conveyor.main([f"--output={tmp_path}/file", *SMALL]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "file" in error


@pytest.mark.parametrize(
    "arguments, code",
    [
        ([], 2),
        (["--output=o", "--rate=fast"], 2),
        (["--help"], 0),
    ],
)
def test_the_command_line_tells_what_it_takes(arguments, code, capsys):
    with pytest.raises(SystemExit) as stopped:
        conveyor.main(arguments)
    told = capsys.readouterr()
    assert stopped.value.code == code
    assert told.err.count("\n") == (code == 2) and ("--defects" in told.out) == (code == 0)


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (100, 64, 64), np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(UserError, match="too large"):
            write_video(tmp_path / "video.mkv", noise, height=64, width=64, rate=RATE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_a_belt_of_one_product_has_every_kind_of_defect():
    one, five = (Conveyor(4, "test", defects=6, products=count) for count in (1, 5))
    assert {defect.kind for defect in one.defects} == set(KINDS)
    items = [one._items(slot)[0][0] for slot in range(40)]
    assert {item.shape for item in items} == {shapes.PRODUCTS[0]}
    assert {five._items(slot)[0][0].shape for slot in range(40)} == set(shapes.PARTS)
    with pytest.raises(UserError, match="products=6: give 1 to 5"):
        Conveyor(products=6)


def test_every_defect_shows_on_the_first_product():
    assert shapes.PRODUCTS[0] in shapes.TURNABLE and shapes.PRODUCTS[0] in shapes.SCRATCHABLE
    assert set(shapes.PRODUCTS) == set(shapes.PARTS)
