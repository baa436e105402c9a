"""The paper's figure: its parts against loops over pixels, and the picture that comes out."""

import dataclasses

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

from vpn_anomaly.report import panel_grid, surprise_figure
from vpn_anomaly.report.map_rows import MAPS, MapRow


def scene(label="corrupted", channels=1, height=32, width=32, seed=0):
    rng = np.random.default_rng(seed)
    shown = np.zeros((height, width), bool)
    shown[1::4, 2::5] = True
    changed = np.zeros((height, width), bool)
    changed[10:13, 20:23] = True
    return surprise_figure.Scene(
        label,
        rng.integers(0, 256, (6, height, width, channels), dtype=np.uint8),
        shown,
        ~shown,
        {name: rng.exponential(1 + seed, (height, width)) for name in ("nll", "tail")},
        changed,
        {"tail": "mean 1.0"},
    )


def panel_centre_colours(path, grid, row, column):
    """The colours in the middle of every frame pixel of a panel, (H, W, 3), 0 to 255."""
    picture = np.round(imread(path)[..., :3] * 255).astype(int)
    scale = panel_grid.PANEL // 32
    top = panel_grid.TOP + row * (grid.panel_height + panel_grid.GAP)
    left = grid.left[column]
    return picture[top : top + 32 * scale, left : left + 32 * scale][scale // 2 :: scale, scale // 2 :: scale]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    scenes = [scene(), scene("as it was", seed=1)]
    path = tmp_path_factory.mktemp("figures") / "surprise.png"
    surprise_figure.surprise_figure(path, scenes, context=(0, 3))
    grid = panel_grid.PanelGrid(rows=2, groups=(2, 2, 2), height=32, width=32)
    return path, grid, scenes


def test_frames_are_drawn_pixel_by_pixel(drawn):
    path, grid, scenes = drawn
    for row, one in enumerate(scenes):
        for column, frame in enumerate((0, 3)):
            colours = panel_centre_colours(path, grid, row, column)
            # The picture's greys go through a table of 256 colours: within one level.
            np.testing.assert_allclose(colours[..., 0], one.clip_TxHxWxC[frame, ..., 0], atol=1)


def test_maps_share_one_scale_and_pixels_that_do_not_count_are_neutral(drawn):
    path, grid, scenes = drawn
    neutral = np.round(255 * np.array(matplotlib.colors.to_rgb(surprise_figure.NEUTRAL)))
    counted = np.concatenate([one.maps["nll"][one.counted_HxW] for one in scenes])
    brightest = np.quantile(counted, surprise_figure.BRIGHTEST_QUANTILE)
    for row, one in enumerate(scenes):
        expected = matplotlib.colormaps["magma"](one.maps["nll"] / brightest, bytes=True)[..., :3]
        expected = np.where(one.counted_HxW[..., None], expected, neutral)
        colours = panel_centre_colours(path, grid, row, column=4)
        np.testing.assert_allclose(colours, expected, atol=3)


def test_the_outline_surrounds_the_change_without_covering_it(drawn):
    path, grid, scenes = drawn
    colours = panel_centre_colours(path, grid, row=0, column=2)
    frame = scenes[0].clip_TxHxWxC[-1, ..., 0]
    np.testing.assert_allclose(colours[10:13, 20:23, 0], frame[10:13, 20:23], atol=1)
    picture = np.round(imread(path)[..., :3] * 255).astype(int)
    top, left, scale = panel_grid.TOP, grid.left[2], panel_grid.PANEL // 32
    line = np.array(matplotlib.colors.to_rgb(surprise_figure.OUTLINE)) * 255
    above = picture[top + 9 * scale - 1 : top + 9 * scale + 1, left + 21 * scale + scale // 2]
    assert np.abs(above - line).sum(-1).min() < 60


@pytest.mark.parametrize("channels", [1, 3])
def test_hidden_pixels_of_the_masked_frame_have_a_colour_of_their_own(channels):
    one = scene(channels=channels)
    frame = one.clip_TxHxWxC[-1]
    image = surprise_figure.masked_image(frame, one.shown_HxW)
    assert image.shape == (32, 32, 3) and image.dtype == np.uint8
    for y, x in np.ndindex(32, 32):
        expected = frame[y, x] if one.shown_HxW[y, x] else surprise_figure.HIDDEN
        assert (image[y, x] == expected).all()


def test_outline_is_every_edge_between_inside_and_outside():
    area = np.random.default_rng(0).random((5, 6)) < 0.5
    expected = set()
    for y, x in zip(*np.nonzero(area)):
        corners = (x - 0.5, y - 0.5), (x + 0.5, y - 0.5), (x + 0.5, y + 0.5), (x - 0.5, y + 0.5)
        for side in range(4):
            # An edge of two pixels of the area is met twice and cancels.
            expected ^= {frozenset([corners[side], corners[(side + 1) % 4]])}
    actual = [frozenset(map(tuple, edge)) for edge in surprise_figure.outline(area)]
    assert len(actual) == len(set(actual)) and set(actual) == expected


def test_grown_areas_hold_all_neighbours():
    area = np.random.default_rng(0).random((6, 7)) < 0.15
    for y, x in np.ndindex(6, 7):
        near = area[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        assert surprise_figure.grown(area)[y, x] == near.any()


def test_colour_wide_frames_and_quiet_maps_are_drawn(tmp_path):
    one = scene(channels=3, height=30, width=60)
    quiet = surprise_figure.Scene(
        one.label, one.clip_TxHxWxC, one.shown_HxW, one.counted_HxW, {"new": np.zeros((30, 60))}
    )
    surprise_figure.surprise_figure(tmp_path / "figure.png", [quiet], rows={"new": MapRow("new", "nats")})
    assert imread(tmp_path / "figure.png").shape[1] > 6 * 240


def test_a_long_label_gets_lines_of_its_own_beside_its_row(drawn, tmp_path):
    path, grid, scenes = drawn
    label = "most anomalous: 1234 (temporal)"
    assert panel_grid.wrapped_labels([label, "a"], 32, 32) == ["most anomalous:\n1234 (temporal)", "a"]
    assert panel_grid.wrapped_labels([label], 64, 32) == [label]  # rows of twice the height
    (low,) = panel_grid.wrapped_labels([label], 16, 32)
    assert low.split("\n") == ["most", "anomalous:", "1234", "(temporal)"]
    renamed = [dataclasses.replace(one, label=label) for one in scenes]
    surprise_figure.surprise_figure(tmp_path / "long.png", renamed, context=(0, 3))
    short, long = (np.round(imread(file)[..., :3] * 255) for file in (path, tmp_path / "long.png"))
    wider = panel_grid.TITLE_LINE
    assert long.shape[1] == short.shape[1] + wider
    np.testing.assert_array_equal(long[:, panel_grid.LEFT + wider :], short[:, panel_grid.LEFT :])
    beside = long[panel_grid.TOP :, : panel_grid.LEFT + wider]
    between = panel_grid.TOP + grid.panel_height + panel_grid.GAP // 2
    assert (beside < 255).any() and (long[between, : panel_grid.LEFT + wider] == 255).all()


def test_a_long_title_gets_lines_of_its_own_above_its_panel(drawn, tmp_path):
    path, grid, scenes = drawn
    name = "a system of nine words that takes three lines"
    renamed = [
        dataclasses.replace(one, maps={"nll": one.maps["nll"], name: one.maps["tail"]}, notes={})
        for one in scenes
    ]
    rows = {"nll": MAPS["nll"], name: MapRow(name, "nats")}
    surprise_figure.surprise_figure(tmp_path / "long.png", renamed, context=(0, 3), rows=rows)
    short, long = (np.round(imread(file)[..., :3] * 255) for file in (path, tmp_path / "long.png"))
    lower = 2 * panel_grid.TITLE_LINE
    assert long.shape[0] == short.shape[0] + lower
    panels = slice(panel_grid.LEFT, grid.left[5] - panel_grid.GAP)  # before the renamed map
    np.testing.assert_array_equal(
        long[panel_grid.TOP + lower : -panel_grid.BOTTOM, panels],
        short[panel_grid.TOP : -panel_grid.BOTTOM, panels],
    )
    above = long[: panel_grid.TOP + lower - 4]
    assert (above[:, grid.left[5] - panel_grid.GAP // 2 : grid.left[5]] == 255).all()
    assert (above[: panel_grid.TITLE_LINE, grid.left[5] :] < 255).any()
