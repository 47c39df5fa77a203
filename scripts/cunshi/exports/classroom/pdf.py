"""Convert HTML to PDF with WeasyPrint, which is optional (``run.py add pdf``) and used only here.

The same HTML gives the same bytes. The identifier of a PDF is a hash of its HTML, so that unchanged
documents are not made again.
"""

import contextlib
import gc
import hashlib
import io
import os
import sys
import warnings
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cunshi.core.processes import run_module

# bytes at the end of a PDF, with the identifier in its trailer
_TRAILER_SIZE = 4096


@cache
def can_print() -> bool:
    """Check whether PDFs can be made: WeasyPrint, its libraries, and a Chinese font.

    On Windows the libraries are often missing, so that the import fails. Checked in another
    process, because it takes 60 MB and Pango crashes without any font.
    """
    return _is_installed() and run_module("cunshi.exports.classroom.pdf").returncode == 0


def _is_installed() -> bool:
    try:
        return find_spec("weasyprint") is not None
    except ValueError:  # the module is marked as missing
        return False


def _has_weasyprint() -> bool:
    """Try to import WeasyPrint without its output about missing libraries.

    Without any font it only warns, but Pango would crash the process.
    """
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        warnings.simplefilter("error", UserWarning)
        try:
            import weasyprint  # noqa: F401
        except (ImportError, OSError, UserWarning):
            return False
    return True


def _has_font_for(text: str) -> bool:
    page = _page(text).render()
    page.write_pdf()
    return not any(font.missing for font in page.fonts.values())


def is_current_pdf(path: Path, html: str) -> bool:
    """Check whether a file is the PDF of this HTML."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        stream.seek(-min(_TRAILER_SIZE, path.stat().st_size), os.SEEK_END)
        return f"({_identifier(html)})".encode() in stream.read()


def print_pdf(html: str) -> bytes:
    """Return a document as PDF."""
    identifier = _identifier(html).encode()
    made: bytes = _page(html).write_pdf(pdf_identifier=identifier, pdf_tags=True)
    gc.collect()  # frees 50 MB of fonts and boxes in reference cycles
    return made


def _identifier(html: str) -> str:
    """Return the identifier of a PDF, which also depends on the version of WeasyPrint."""
    return hashlib.sha256(f"{version('weasyprint')}\n{html}".encode()).hexdigest()


def _page(html: str) -> Any:
    """Parse a document; only embedded resources are loaded, nothing from disk or network."""
    # Otherwise the glyphs of digits depend on the locale.
    os.environ["PANGO_LANGUAGE"] = "zh-cn"
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    return HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=("data",)))


if __name__ == "__main__":
    sys.exit(not (_has_weasyprint() and _has_font_for("村史")))
