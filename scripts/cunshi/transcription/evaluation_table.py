"""The figures of an evaluation as a table for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from cunshi.archive.transcript_file import UNHEARD
from cunshi.core.i18n import _
from cunshi.core.text import printable
from cunshi.transcription.error_rate import Confusion, Errors
from cunshi.transcription.evaluation import Evaluation, Score, by_village, totals

_MOST = 20  # recordings in a table


def table(found: Evaluation) -> Iterator[str]:
    """Error rates by engine, village and recording, and what is confused most."""
    if not found.scores:
        return
    yield _(
        "比的是：校对好的文稿 {approved} 件（{identical} 件与初稿一字不差），参考文件 {referred} 件"
    ).format(approved=found.approved, identical=found.identical, referred=found.referred)
    yield _(
        "比之前两边都：全角变半角，繁体变简体，阿拉伯数字变汉字，去掉标点、空格和 {mark}"
    ).format(mark=UNHEARD)
    yield _("错误率 = （听错 + 漏掉 + 多出）÷ 说了的字数；“原样”是词语本改正之前")
    yield from _table(_("识别引擎和模型"), _by_engine(found.scores))
    shared = found.shared()
    if shared and len(shared) < len(found.scores):
        yield from _table(_("只算每个引擎都听过的录音"), _by_engine(shared))
    for name in found.engines:
        villages = by_village(found, name)
        rows = [(village or _("（没有写村名）"), scores) for village, scores in villages.items()]
        yield from _table(_("按村：{engine}").format(engine=name), rows)
    for name in found.engines:
        rows = [
            (f"{score.recording_id}  {score.original_name}", [score])
            for score in sorted(found.scores, key=lambda s: -s.drafted.rate)
            if score.engine == name
        ]
        yield from _table(_("按录音：{engine}").format(engine=name), rows[:_MOST])
        if len(rows) > _MOST:
            yield _("  ……还有 {count} 件").format(count=len(rows) - _MOST)
    for name, confused in found.confused.items():
        yield from _confusions(name, confused)


def _by_engine(scores: Sequence[Score]) -> list[tuple[str, Sequence[Score]]]:
    names = sorted({score.engine for score in scores})
    return [(name, [score for score in scores if score.engine == name]) for name in names]


def _table(title: str, rows: Iterable[tuple[str, Sequence[Score]]]) -> Iterator[str]:
    head = (_("件"), _("字数"), _("错误率"), _("听错"), _("漏掉"), _("多出"), _("原样"))
    yield ""
    yield from _aligned([(title, *head), *((printable(name), *_figures(s)) for name, s in rows)])


def _figures(scores: Sequence[Score]) -> tuple[str, ...]:
    count, drafted, as_heard = totals(scores)
    edits = (drafted.substitutions, drafted.deletions, drafted.insertions)
    numbers = [str(count), str(drafted.length), _percent(drafted), *map(str, edits)]
    return (*numbers, _percent(as_heard))


def _percent(errors: Errors) -> str:
    return f"{100 * errors.rate:.1f}%"


def _confusions(engine: str, confused: Sequence[Confusion]) -> Iterator[str]:
    if not confused:
        return
    rows = [
        (c.heard or _("（漏掉）"), c.said or _("（多出）"), str(c.count), c.example)
        for c in confused
    ]
    yield ""
    yield _("最常弄错的：{engine}").format(engine=engine)
    yield from _aligned([(_("听成"), _("应为"), _("次数"), _("例")), *rows], left=2)


def _aligned(rows: Sequence[tuple[str, ...]], left: int = 1) -> Iterator[str]:
    """Columns under each other, though a Chinese character is as wide as two letters.

    The first ``left`` columns begin at the same place, the others end there.
    """
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        spaces = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [
            cell + space if number < left else space + cell
            for number, (cell, space) in enumerate(zip(row, spaces, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()
