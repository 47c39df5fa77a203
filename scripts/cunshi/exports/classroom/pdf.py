"""HTML → PDF. The only module that knows WeasyPrint, which is optional: ``run.py add pdf``.

The same HTML gives the same bytes, and a PDF names the HTML that it was made from as its
identifier, so that what has not changed is not set again.
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

# From the end of a PDF, where its cross-reference table has the identifier.
_TAIL = 4096


@cache
def can_print() -> bool:
    """Whether there will be PDFs: WeasyPrint, the libraries it needs, and a Chinese type.

    On Windows its libraries are often missing: then it is installed and cannot be imported. Tried
    in a process of its own: it takes 60 MB, and Pango without a font takes the process down.
    """
    return _is_installed() and run_module("cunshi.exports.classroom.pdf").returncode == 0


def _is_installed() -> bool:
    try:
        return find_spec("weasyprint") is not None
    except ValueError:  # it is marked as missing
        return False


def _has_weasyprint() -> bool:
    """Import it, without its words about what is missing.

    Where there is no font at all it only warns, but Pango would take the whole program down.
    """
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        warnings.simplefilter("error", UserWarning)
        try:
            import weasyprint  # noqa: F401
        except (ImportError, OSError, UserWarning):
            return False
    return True


def _has_type_for(text: str) -> bool:
    page = _page(text).render()
    page.write_pdf()
    return not any(font.missing for font in page.fonts.values())


def is_set(path: Path, html: str) -> bool:
    """Whether a file is the PDF of this HTML."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        stream.seek(-min(_TAIL, path.stat().st_size), os.SEEK_END)
        return f"({_mark_of(html)})".encode() in stream.read()


def print_pdf(html: str) -> bytes:
    """A document as PDF."""
    mark = _mark_of(html).encode()
    made: bytes = _page(html).write_pdf(pdf_identifier=mark, pdf_tags=True)
    gc.collect()  # what it leaves refers to itself, and holds 50 MB of fonts and boxes
    return made


def _mark_of(html: str) -> str:
    """What a PDF of this HTML is called; another WeasyPrint sets it in another way."""
    return hashlib.sha256(f"{version('weasyprint')}\n{html}".encode()).hexdigest()


def _page(html: str) -> Any:
    """A document brings all that it shows: nothing is fetched, from no disk and no network."""
    # Else the glyphs of figures depend on the language of whoever makes the site.
    os.environ["PANGO_LANGUAGE"] = "zh-cn"
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    return HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=("data",)))


if __name__ == "__main__":
    sys.exit(not (_has_weasyprint() and _has_type_for("村史")))
