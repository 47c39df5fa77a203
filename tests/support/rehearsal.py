"""Loaded by the process from which the commands of support.faults are forked.

It builds and publishes a small village once, so that each child has templates compiled and
dictionaries loaded already: for most of them that was most of the work.
"""

import io
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from cunshi import cli
from cunshi.exports.classroom import pdf
from support.fault_cases import bare
from support.faults import stand_ins


def _rehearse(village: Path, *words: str) -> None:
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(said), stand_ins(quick=True):
        try:
            cli.main(["--root", str(village), *words])
        except SystemExit as ended:
            assert not ended.code, said.getvalue()


with tempfile.TemporaryDirectory() as _top:
    _village = bare(Path(_top))
    _rehearse(_village, "build", "--engine", "recorded")
    _rehearse(_village, "publish", "--to", f"{_top}/out")
pdf.can_print.cache_clear()  # without the stand-ins it may be otherwise
