"""Pictures in a page, decoded again."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from vpn_anomaly.report.pictures import LARGEST, file_uri, image_uri, picture


def decoded(uri):
    kind, encoded = uri.split(";base64,")
    return kind.removeprefix("data:"), np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))


def noise(height, width, channels, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_drawings_are_exact(channels):
    image = np.zeros((40, 60, channels), np.uint8)
    image[10:20, 30:35] = [200, 10, 90][:channels]
    kind, pixels = decoded(image_uri(image))
    assert kind == "image/png"
    np.testing.assert_array_equal(pixels.reshape(image.shape), image)


@pytest.mark.parametrize("channels", [1, 3])
def test_footage_is_a_jpeg_that_is_near_it_and_smaller(channels):
    smooth = noise(10, 15, channels).repeat(16, 0).repeat(16, 1) / 2 + noise(160, 240, channels, 1) / 16
    image = smooth.astype(np.uint8)
    uri = image_uri(image)
    kind, pixels = decoded(uri)
    assert kind == "image/jpeg" and len(uri) < image.size
    error = np.abs(pixels.reshape(image.shape).astype(int) - image)
    assert error.mean() < 5 and error.max() < 40


def test_a_small_picture_keeps_its_size_and_a_large_one_is_reduced():
    assert decoded(image_uri(noise(16, 24, 1)))[1].shape == (16, 24)
    assert decoded(image_uri(noise(2 * LARGEST // 4, 2 * LARGEST, 3)))[1].shape == (LARGEST // 4, LARGEST, 3)


def test_a_picture_knows_its_own_size():
    one = picture(noise(500, 1000, 1), "a caption", (0, 0, 250, 500))
    assert (one.height, one.width, one.caption) == (500, 1000, "a caption")
    assert one.box_style() == "top: 0.000%; left: 0.000%; bottom: 50.000%; right: 50.000%"


def test_the_same_image_gives_the_same_bytes():
    assert image_uri(noise(30, 40, 3)) == image_uri(noise(30, 40, 3)) != image_uri(noise(30, 40, 3, 1))


def test_a_file_is_taken_byte_by_byte(tmp_path):
    Image.fromarray(noise(5, 6, 3)).save(tmp_path / "a.png")
    uri = file_uri(tmp_path / "a.png")
    assert base64.b64decode(uri.removeprefix("data:image/png;base64,")) == (tmp_path / "a.png").read_bytes()
