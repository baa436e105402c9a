"""Images of every kind against the numbers that they were made of: none is dark, none is half read."""

import io

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from tests.data import image_writing as writing
from tests.data.video_files import images, moving_frames, watched
from vpn_anomaly.data.video.image_formats import image_endings
from vpn_anomaly.data.video.sources import VIDEOS, sources

pytestmark = pytest.mark.filterwarnings("ignore:IM image format is deprecated")
COLOUR = moving_frames(3)
GREY = COLOUR[..., 0]


def values(bits, count=3):
    """Pictures of so many bits, int (T, H, W), the greatest value among them."""
    frame_TxHxW = np.random.default_rng(bits).integers(0, 2**bits, (count, 24, 32))
    frame_TxHxW[0, 0, 0] = 2**bits - 1
    return frame_TxHxW


def in_8_bits(values, bits):
    return values * (255 / (2**bits - 1))


def png_16(frame):
    return writing.png(frame.astype(np.uint16)[..., None])


def by_pillow(mode, **options):
    def write(frame):
        file = io.BytesIO()
        dtype = {"I;16": "<u2", "I": "<i4", "F": "<f4"}[mode]
        image = Image.frombytes(mode, frame.shape[::-1], frame.astype(dtype).tobytes())
        image.save(file, **options)
        return file.getvalue()

    return write


def tiff_of(dtype, order="<", **more):
    return lambda frame: writing.tiff([frame.astype(dtype)], order, **more)


DEEP = {  # name: ending, what writes the values
    "png": ("png", png_16),
    "png by Pillow": ("png", by_pillow("I;16", format="PNG")),
    "tiff": ("tif", tiff_of(np.uint16)),
    "tiff of high bytes first": ("tiff", tiff_of(np.uint16, ">")),
    "tiff with a sign": ("tif", tiff_of(np.int16)),
    "tiff with a sign, high bytes first": ("tif", tiff_of(np.int16, ">")),
    "tiff of 32 bits": ("tif", tiff_of(np.uint32)),
    "tiff of 32 bits with a sign": ("tif", tiff_of(np.int32, ">")),
    "tiff of floats": ("tif", tiff_of(np.float32)),
    "tiff, LZW": ("tif", by_pillow("I;16", format="TIFF", compression="tiff_lzw")),
    "tiff, deflate": ("tif", by_pillow("I;16", format="TIFF", compression="tiff_adobe_deflate")),
    "tiff, packbits": ("tif", by_pillow("I;16", format="TIFF", compression="packbits")),
    "tiff of floats, LZW": ("tif", by_pillow("F", format="TIFF", compression="tiff_lzw")),
    "pgm": ("pgm", lambda frame: writing.pixmap(frame)),
    "plain pgm": ("pnm", lambda frame: writing.pixmap(frame, plain=True)),
    "jpeg 2000": ("jp2", by_pillow("I;16", format="JPEG2000")),
    "im": ("im", by_pillow("I;16", format="IM")),
    "pfm": ("pfm", by_pillow("F", format="PPM")),
}


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
@pytest.mark.parametrize("kind", DEEP)
def test_the_depth_that_images_use_is_found(tmp_path, kind, bits):
    ending, write = DEEP[kind]
    frames = values(bits)
    for number, frame in enumerate(frames):
        (tmp_path / f"{number}.{ending}").write_bytes(write(frame))
    given, video = watched(str(tmp_path))
    assert video.problem is None and video.expected_frames == 3
    assert np.abs(np.stack([frame.image[..., 0] for frame in given]) - in_8_bits(frames, bits)).max() <= 0.51


@pytest.mark.parametrize(
    "kind, bits", [("png", 16), ("tiff", 16), ("tiff of 32 bits", 32), ("tiff of 32 bits with a sign", 20)]
)
def test_all_bits_count_where_all_are_used(tmp_path, kind, bits):
    ending, write = DEEP[kind]
    (tmp_path / f"x.{ending}").write_bytes(write(values(bits, 1)[0]))
    assert np.abs(images(str(tmp_path))[0, ..., 0] - in_8_bits(values(bits, 1)[0], bits)).max() <= 0.51


def test_numbers_from_0_to_1_and_below_0(tmp_path):
    level = np.linspace(0, 1, 24 * 32, dtype=np.float32).reshape(24, 32)
    (tmp_path / "x.tif").write_bytes(writing.tiff([level]))
    assert np.abs(images(str(tmp_path / "x.tif"))[0, ..., 0] - 255 * level).max() <= 0.51
    (tmp_path / "y.tif").write_bytes(writing.tiff([(level * 4095 - 2048).astype(np.int16)]))
    assert np.abs(images(str(tmp_path / "y.tif"))[0, ..., 0] - 255 * level).max() <= 1
    (tmp_path / "z.tif").write_bytes(writing.tiff([(level * 255 - 128).astype(np.int8)]))
    assert np.abs(images(str(tmp_path / "z.tif"))[0, ..., 0] - 255 * level).max() <= 1


@pytest.mark.parametrize(
    "write",
    [
        lambda frame: writing.tiff([(4095 - frame).astype(np.uint16)], white_is_zero=True),
        lambda frame: writing.tiff([writing.packed_12(frame)], bits=12),
        lambda frame: writing.pixmap(frame, 4095),
        lambda frame: writing.pixmap(frame, 4095, plain=True),
    ],
)
def test_what_a_file_says_of_its_grey_levels_counts(tmp_path, write):
    frame = np.minimum(values(12, 1)[0], 1000 if write(values(12, 1)[0])[:1] == b"P" else 4095)
    (tmp_path / "x.tif").write_bytes(write(frame))
    assert np.abs(images(str(tmp_path))[0, ..., 0] - in_8_bits(frame, 12)).max() <= 0.51


@pytest.mark.parametrize(
    "ending, write",
    [
        ("png", writing.png),
        ("png", lambda frame: writing.png(np.dstack([frame, np.full(frame.shape[:2], 65535)]))),
        ("tif", lambda frame: writing.tiff([frame])),
        ("tif", lambda frame: writing.tiff([frame], ">")),
        ("ppm", writing.pixmap),
        ("pnm", lambda frame: writing.pixmap(frame, 4095)),
    ],
)
def test_16_bit_colours_keep_both_bytes(tmp_path, ending, write):
    frame = np.random.default_rng(0).integers(0, 4096, (24, 32, 3)).astype(np.uint16)
    frame[0, 0] = 4095
    (tmp_path / f"x.{ending}").write_bytes(write(frame))
    assert np.abs(images(str(tmp_path), channels=3)[0] - in_8_bits(frame, 12)).max() <= 1


def test_16_bit_grey_with_alpha_keeps_both_bytes(tmp_path):
    frame = values(12, 1)[0]
    (tmp_path / "x.png").write_bytes(writing.png(np.dstack([frame, np.full(frame.shape, 65535)])))
    assert np.abs(images(str(tmp_path))[0, ..., 0] - in_8_bits(frame, 12)).max() <= 0.51


def test_one_scale_for_all_images_of_a_source(tmp_path):
    """The second image is darker, not of another depth."""
    frames = values(12, 2)
    frames[1] //= 16
    for number, frame in enumerate(frames):
        (tmp_path / f"{number}.png").write_bytes(png_16(frame))
    assert np.abs(images(str(tmp_path))[..., 0] - in_8_bits(frames, 12)).max() <= 0.51


@pytest.mark.parametrize(
    "known, level, said",
    [
        (12, 4095, None),
        (12, 2047, None),  # a darker scene
        (12, 1023, "its images use 10 bits, but the normal footage 12: they are dark"),
        (
            12,
            16383,
            "its images use 14 bits, but the normal footage 12: values beyond that are black or white",
        ),
        (8, 4095, "its images use 12 bits, but the normal footage 8: they are shown by their own depth"),
        (-12, 2047, None),
        (
            -12,
            4095,
            "its images use 12 bits, but the normal footage 12 (signed): values beyond that are black or white",
        ),
    ],
)
def test_the_depth_of_the_normal_footage_counts_and_a_difference_is_said(tmp_path, known, level, said):
    frame = np.full((24, 32), level // 2)
    frame[0] = level
    (tmp_path / "x.png").write_bytes(png_16(frame))
    given, video = watched(str(tmp_path), depth=known)
    assert video.problem == said
    expected = np.clip((frame + (0 if known > 0 else 2048)) * 255 / 4095, 0, 255)
    assert np.abs(given[0].image[..., 0] - expected).max() <= 0.51


def test_images_of_8_bits_among_deep_footage_are_said(tmp_path):
    Image.fromarray(GREY[0]).save(tmp_path / "x.png")
    given, video = watched(str(tmp_path), depth=12)
    np.testing.assert_array_equal(given[0].image[..., 0], GREY[0])
    assert video.problem == "its images have 8 bits, but those of the normal footage 12"


@pytest.mark.parametrize(
    "name, frames, options",
    [
        ("x.tif", COLOUR, {}),
        ("x.tif", GREY, {"compression": "tiff_lzw"}),
        ("x.png", COLOUR, {}),
        ("x.apng", GREY, {}),
        ("x.webp", COLOUR, {"lossless": True}),
        ("x.png", COLOUR, {"default_image": True}),  # shown by programs that know no animations
    ],
)
def test_pages_of_one_size_are_frames(tmp_path, name, frames, options):
    pages = [Image.fromarray(frame) for frame in frames]
    if "default_image" in options:
        pages.insert(0, pages[2])
    pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:], **options)
    given, video = watched(str(tmp_path / name), channels=3)
    assert [frame.index for frame in given] == [0, 1, 2] and video.expected_frames == 3
    assert [frame.time for frame in given] == [0, 0.04, 0.08] and video.problem is None
    expected = np.broadcast_to(frames.reshape(3, 48, 64, -1), COLOUR.shape)
    np.testing.assert_array_equal([frame.image for frame in given], expected)


def test_stacks_of_a_folder_follow_each_other_and_one_page_may_be_damaged(tmp_path):
    frames = values(12, 6)
    for number in (0, 1):
        pages = frames[3 * number : 3 * number + 3].astype(np.uint16)
        (tmp_path / f"{number}.tif").write_bytes(writing.tiff(pages))
    given, video = watched(str(tmp_path))
    assert np.abs([frame.image[..., 0] for frame in given] - in_8_bits(frames, 12)).max() <= 0.51
    assert video.expected_frames is None and video.problem is None
    stack = [Image.fromarray(frame) for frame in GREY]
    stack[0].save(
        tmp_path / "0.tif", save_all=True, append_images=stack[1:], compression="tiff_adobe_deflate"
    )
    content = bytearray((tmp_path / "0.tif").read_bytes())
    with Image.open(tmp_path / "0.tif") as image:
        image.seek(1)
        place = image.tag_v2[273][0]
    content[place : place + 200] = bytes(200)
    (tmp_path / "0.tif").write_bytes(content)
    given, video = watched(str(tmp_path))
    assert [frame.index for frame in given] == [0, 2, 3, 4, 5]
    assert video.problem.startswith("1 of 6 images cannot be read (0.tif page 2); frame size changes")


def test_thumbnails_layers_and_pages_of_other_sizes_are_no_frames(tmp_path):
    grey, small = values(12, 2).astype(np.uint16), values(12, 1)[0, ::2, ::2].astype(np.uint16)
    path = tmp_path / "x.tif"
    for pages, types, kept in (
        ([*grey, small], [0, 0, 1], grey),
        ([small, *grey], [1, 0, 0], grey),
        ([*grey, grey[0]], [0, 0, 4], grey),
    ):
        path.write_bytes(writing.tiff(pages, subfile_types=types))
        given, video = watched(str(path))
        assert np.abs([frame.image[..., 0] for frame in given] - in_8_bits(kept, 12)).max() <= 0.51
        assert video.problem is None and video.expected_frames == 2
    path.write_bytes(writing.tiff([grey[0], small, grey[1]]))
    given, video = watched(str(path))
    assert len(given) == 1 and video.problem == "x.tif: 3 pages of 2 sizes: the first alone is read"
    first, *others = map(Image.fromarray, COLOUR)
    first.save(tmp_path / "x.mpo", save_all=True, append_images=others, quality=95)
    assert len(images(str(tmp_path / "x.mpo"))) == 1


def test_pages_that_are_cut_off_are_said(tmp_path):
    content = writing.tiff(values(12).astype(np.uint16))
    (tmp_path / "x.tif").write_bytes(content[: len(content) * 3 // 4])
    given, video = watched(str(tmp_path))
    assert 1 <= len(given) <= 2 and "pages after page 2 cannot be read" in video.problem


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_tiffs_are_what_pillow_shows(tmp_path, mode, compression):
    """A TIFF with JPEGs in it used to be black."""
    if compression == "jpeg" and mode in ("1", "P", "LA", "RGBA"):
        pytest.skip("JPEG holds no such pixels")
    smooth = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    picture = np.dstack([smooth + 40, 2 * smooth, 200 - smooth])
    Image.fromarray(picture).convert(mode).save(tmp_path / "x.tif", compression=compression)
    with Image.open(tmp_path / "x.tif") as image:
        expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(images(str(tmp_path), channels=3)[0], expected)


@pytest.mark.parametrize(
    "ending, options", [("png", {}), ("tif", {}), ("jpg", {"quality": 95}), ("webp", {"lossless": True})]
)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_and_mirrored_as_they_are_shown(tmp_path, ending, options, orientation):
    ramp = np.add.outer(np.arange(48), 2 * np.arange(64)).astype(np.uint8)
    image = Image.fromarray(ramp)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / f"x.{ending}", exif=exif, **options)
    shown = {
        1: ramp,
        2: ramp[:, ::-1],
        3: ramp[::-1, ::-1],
        4: ramp[::-1],
        5: ramp.T,
        6: np.rot90(ramp, 3),
        7: np.rot90(ramp, 2).T,
        8: np.rot90(ramp),
    }[orientation]
    given = images(str(tmp_path))[0, ..., 0].astype(int)
    assert given.shape == shown.shape and np.abs(given - shown).max() <= (2 if ending == "jpg" else 0)


def test_cmyk_jpegs_are_what_pillow_shows(tmp_path):
    Image.fromarray(COLOUR[0]).convert("CMYK").save(tmp_path / "x.jpg", quality=95)
    with Image.open(tmp_path / "x.jpg") as image:
        np.testing.assert_array_equal(images(str(tmp_path), channels=3)[0], image.convert("RGB"))


def test_every_raster_format_that_pillow_decodes_is_an_image(tmp_path):
    endings = image_endings()
    assert endings >= set(
        ".avif .bmp .dib .j2k .jp2 .jpeg .jpg .jfif .mpo .pbm .pcx .pgm .png .pnm .ppm"
        " .psd .qoi .ras .sgi .tga .tif .tiff .webp .xbm".split()
    )
    assert not endings & set(".eps .ps .pdf .wmf .emf .h5 .hdf .grib .bufr .mpeg .mpg".split())
    for ending in sorted(endings - VIDEOS):
        try:
            Image.fromarray(COLOUR[0]).save(tmp_path / f"x{ending}")
        except (KeyError, OSError, ValueError):  # Pillow cannot write it, or holds no colours
            (tmp_path / f"x{ending}").unlink(missing_ok=True)
            continue
        assert sources(str(tmp_path)) == [str(tmp_path)]
        with Image.open(tmp_path / f"x{ending}") as image:
            expected, is_jpeg = np.asarray(image.convert("RGB")), image.format in ("JPEG", "MPO")
        given = images(str(tmp_path), channels=3)[0]
        assert given.shape == expected.shape
        assert is_jpeg or np.array_equal(given, expected), ending
        (tmp_path / f"x{ending}").unlink()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(writing.tiff([np.zeros((24, 32))]), id="64-bit floats"),
        pytest.param(writing.tiff([np.zeros((24, 32), np.float16)]), id="16-bit floats"),
        pytest.param(writing.tiff([np.full((24, 32), np.nan, np.float32)]), id="no numbers"),
        pytest.param(
            writing.tiff([np.zeros((24, 32), np.uint8)]).replace(
                b"\x03\x01\x03\x00\x01\x00\x00\x00\x01\x00", b"\x03\x01\x03\x00\x01\x00\x00\x00\x77\x77"
            ),
            id="unknown compression",
        ),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", id="a program"),
        pytest.param(b"P5\n60000 60000\n255\n" + bytes(100), id="too many pixels"),
        pytest.param(b"some words", id="a text"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_cannot_be_read_right_is_named_and_passed_over(tmp_path, monkeypatch, recwarn, content):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *arguments: pytest.fail("a program was run"))
    for number in (1, 3):
        Image.fromarray(GREY[0]).save(tmp_path / f"{number}.tif")
    (tmp_path / "2.tif").write_bytes(content)
    given, video = watched(str(tmp_path))
    assert [frame.index for frame in given] == [0, 2]
    assert video.problem.startswith("1 of 3 images cannot be read (2.tif") and not recwarn.list
