"""Photos for the site: turned upright, small, and without the place and camera they carry."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from cunshi.core.errors import DepositError
from cunshi.core.files import write_atomic
from cunshi.core.i18n import _

_LONGEST_SIDE = 1600  # pixels
_QUALITY = 85


def check(path: Path) -> None:
    """Make sure that a photo can be read whole; DepositError when it cannot."""
    _upright(path)


def make_photo_copy(master: Path, target: Path) -> None:
    """Write a JPEG for the web; DepositError when the photo cannot be read."""
    image = _upright(master)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    buffer = io.BytesIO()
    # Written without the original's EXIF, which may hold the place of a family's home.
    image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    write_atomic(target, buffer.getvalue())


def _upright(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, OSError) and error.errno:  # the disk's, not the photo's
            raise
        raise DepositError(_("照片打不开"), _("另存为 JPG 再放进来"), where=path) from error
