"""The image formats that are read, and the file name extensions by which images are recognised."""

import functools

# EPS is a program that Ghostscript would run; of MPEG, Pillow only recognises the first bytes.
NOT_IMAGES = frozenset(("EPS", "MPEG"))


@functools.cache
def image_formats() -> tuple[str, ...]:
    """Pillow's names of the raster formats that it decodes itself.

    Formats for which it only has a stub that a plugin could fill (WMF, HDF5, …) are left out.
    """
    from PIL import Image, ImageFile

    Image.init()

    def is_stub(name: str) -> bool:
        opener = Image.OPEN[name][0]
        return isinstance(opener, type) and issubclass(opener, ImageFile.StubImageFile)

    return tuple(name for name in Image.ID if name not in NOT_IMAGES and not is_stub(name))


@functools.cache
def image_endings() -> frozenset[str]:
    """The extensions of these formats, in lower case with their dot."""
    from PIL import Image

    names = {*image_formats(), "MPO"}  # MPO is opened as a JPEG
    return frozenset(ending for ending, name in Image.EXTENSION.items() if name in names)
