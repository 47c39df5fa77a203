"""Prepare photos for the site: upright, reduced, and without location and camera data."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from cunshi.core.errors import DepositError
from cunshi.core.files import write_atomic
from cunshi.core.i18n import _

_LONGEST_SIDE = 1600  # pixels
_QUALITY = 85
# Other formats of Pillow start programs (PostScript) or are rarely tested.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
# Pixels; a decoded one takes up to 4 bytes. A JPEG is decoded at a fraction of its size.
_LARGEST, _LARGEST_JPEG = 50_000_000, 220_000_000
Image.MAX_IMAGE_PIXELS = None  # these limits are checked instead, before anything is decoded


def check(path: Path) -> None:
    """Check that a photo can be decoded; DepositError if not."""
    _upright(path)


def make_photo_copy(master: Path, target: Path) -> None:
    """Write a reduced JPEG for the web; DepositError if the photo cannot be decoded."""
    image = _upright(master)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    buffer = io.BytesIO()
    # EXIF data is dropped, because it may contain the location of a family's home.
    image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    write_atomic(target, buffer.getvalue())


def _refuse_too_large(image: Image.Image, path: Path) -> None:
    """Raise DepositError for a picture that takes too much memory; a small file may be one."""
    largest = _LARGEST_JPEG if image.format == "JPEG" else _LARGEST
    if image.width * image.height > largest:
        raise DepositError(
            _("照片太大了：{width}×{height}").format(width=image.width, height=image.height),
            _("缩小以后另存为 JPG，再放进来"),
            where=path,
        )


def _upright(path: Path) -> Image.Image:
    try:
        with Image.open(path, formats=_FORMATS) as image:
            _refuse_too_large(image, path)
            image.draft("RGB", (2 * _LONGEST_SIDE, 2 * _LONGEST_SIDE))
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, OSError) and error.errno:  # an error of the disk, not of the photo
            raise
        raise DepositError(_("照片打不开"), _("另存为 JPG 再放进来"), where=path) from error
