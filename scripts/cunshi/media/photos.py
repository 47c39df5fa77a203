"""Prepare photos for the site: upright, reduced, and without location and camera data."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from cunshi.core.errors import DepositError
from cunshi.core.files import write_atomic
from cunshi.core.i18n import _

_LONGEST_SIDE = 1600  # pixels
_QUALITY = 85


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


def _upright(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, OSError) and error.errno:  # an error of the disk, not of the photo
            raise
        raise DepositError(_("照片打不开"), _("另存为 JPG 再放进来"), where=path) from error
