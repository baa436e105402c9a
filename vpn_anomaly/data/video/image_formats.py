"""Which formats of images are read, and which files are images by the endings of their names."""

import functools

# EPS is a program, which Ghostscript would run; MPEG is known to Pillow by its first bytes alone.
NOT_IMAGES = frozenset(("EPS", "MPEG"))


@functools.cache
def image_formats() -> tuple[str, ...]:
    """Pillow's names of the raster formats that it decodes by itself.

    Formats for which it only has a place where a reader could be put (WMF, HDF5, …) are left out.
    """
    from PIL import Image, ImageFile

    Image.init()

    def is_stub(name: str) -> bool:
        opener = Image.OPEN[name][0]
        return isinstance(opener, type) and issubclass(opener, ImageFile.StubImageFile)

    return tuple(name for name in Image.ID if name not in NOT_IMAGES and not is_stub(name))


@functools.cache
def image_endings() -> frozenset[str]:
    """The endings of these formats, lower case with their dot."""
    from PIL import Image

    names = {*image_formats(), "MPO"}  # which is opened as a JPEG
    return frozenset(ending for ending, name in Image.EXTENSION.items() if name in names)
