"""Zones of mask images that are written here."""

import matplotlib.image
import numpy as np
import pytest

from tests.data import image_writing as writing
from vpn_anomaly.errors import UserError
from vpn_anomaly.watching.zones import read_zones


def drawn(path, grey_HxW):
    """The path of an image, grey levels 0..255."""
    rgb = np.repeat(np.asarray(grey_HxW, np.uint8)[..., None], 3, axis=2)
    matplotlib.image.imsave(path, rgb)
    return path


def test_white_says_look_and_black_do_not(tmp_path):
    grey = [[0, 255, 255], [100, 160, 0]]
    zones = read_zones(drawn(tmp_path / "mask.png", grey), 2, 3)
    assert zones.dtype == bool
    np.testing.assert_array_equal(zones, [[False, True, True], [False, True, False]])


@pytest.mark.parametrize(
    "size, new", [((2, 2), (6, 4)), ((90, 120), (45, 40)), ((100, 70), (64, 48)), ((3, 5), (7, 7))]
)
def test_the_nearest_pixel_is_taken_at_another_size(tmp_path, size, new):
    grey = 255 * np.random.default_rng(0).integers(0, 2, size)
    zones = read_zones(drawn(tmp_path / "mask.png", grey), *new)
    for y in range(new[0]):
        for x in range(new[1]):
            # Where the centre of the new pixel lies on the old image.
            row, column = int((y + 0.5) * size[0] / new[0]), int((x + 0.5) * size[1] / new[1])
            assert zones[y, x] == (grey[row, column] == 255)


@pytest.mark.parametrize("name", ["mask.jpg", "mask%03d.png", "mask.tiff"])
def test_other_formats_and_odd_names_are_read(tmp_path, name):
    drawn(tmp_path / "mask001.png", np.zeros((32, 32)))
    grey = np.zeros((32, 32))
    grey[:, 16:] = 255
    zones = read_zones(drawn(tmp_path / name, grey), 4, 4)
    np.testing.assert_array_equal(zones, grey[::8, ::8] > 0)


@pytest.mark.parametrize(
    "name, write",
    [
        ("mask.png", lambda grey: writing.png(16 * grey[..., None])),
        ("mask.tif", lambda grey: writing.tiff([16 * grey])),
        ("mask.pgm", lambda grey: writing.pixmap(16 * grey)),
    ],
)
def test_masks_of_more_than_8_bits_are_read_in_the_depth_that_they_use(tmp_path, name, write):
    grey = np.zeros((32, 32), np.uint16)
    grey[:, 16:] = 255
    (tmp_path / name).write_bytes(write(grey))
    np.testing.assert_array_equal(read_zones(tmp_path / name, 4, 4), grey[::8, ::8] > 0)


def test_a_mask_that_excludes_everything_is_refused(tmp_path):
    path = drawn(tmp_path / "black.png", np.zeros((8, 8)))
    with pytest.raises(UserError, match="black.png: it excludes the whole frame; paint white"):
        read_zones(path, 4, 4)


def test_what_is_no_image_is_refused_in_one_line(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("white\n" * 100)
    whole = drawn(tmp_path / "whole.png", np.full((64, 64), 255)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:60])
    (tmp_path / "folder.png").mkdir()
    for name in ("absent.png", "empty.png", "text.png", "cut.png", "folder.png"):
        with pytest.raises(UserError, match=f"{name}: .*expected an image") as error:
            read_zones(tmp_path / name, 4, 4)
        assert "\n" not in str(error.value)


def test_sound_is_no_image(tmp_path):
    import wave

    with wave.open(str(tmp_path / "sound.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    with pytest.raises(UserError, match="cannot be read as an image"):
        read_zones(tmp_path / "sound.wav", 4, 4)
