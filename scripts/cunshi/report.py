"""Reports as people read them: what was done, what is wrong and what to do next."""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from cunshi.archive.project import Project
from cunshi.archive.transcript_file import UNHEARD
from cunshi.catalogue import checks
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.domain.access import access_decision
from cunshi.domain.consent import Access
from cunshi.domain.recording import Kind, Recording
from cunshi.domain.transcript import TranscriptStatus
from cunshi.transcription.error_rate import Confusion, Errors
from cunshi.transcription.evaluation import Evaluation, Score, by_village, totals
from cunshi.workflow import Report

_MOST = 20


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """Each problem: file and line, cause, remedy. Notes have another sign."""
    for problem in problems:
        line = _("第 {line} 行").format(line=problem.line) if problem.line else ""
        place = " ".join(filter(None, [_printable(problem.where), line]))
        sign = "·" if problem.is_note else "✗"
        yield f"{sign} {place + '：' if place else ''}{_printable(problem.cause)}"
        if problem.remedy:
            yield f"  → {_printable(problem.remedy)}"


def _printable(text: str) -> str:
    """Without control characters: a file name must not move the cursor or colour the screen."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def summary(report: Report) -> Iterator[str]:
    """What a command did, and everything that is wrong."""
    if intake := report.intake:
        yield _("收录：新收 {new} 件，已有 {known} 件").format(
            new=len(intake.taken), known=len(report.recordings) - len(intake.taken)
        )
        if intake.amended:
            yield _("目录卡有更新：{ids}").format(ids="、".join(intake.amended))
        for later, first in intake.duplicates:
            yield _("内容相同，只收一件：{later} = {first}").format(
                later=_printable(later), first=_printable(first)
            )
        for name in intake.waiting:
            yield _("还在复制，下次再收：{name}").format(name=_printable(name))
    if report.transcribed:
        yield _("听写：{count} 件").format(count=len(report.transcribed))
    yield from problem_lines(report.problems)
    if wrong := report.wrong:
        yield _("有 {count} 个问题要处理（✗ 开头的行）；其余的都做好了。").format(count=len(wrong))


def published(project: Project, report: Report) -> Iterator[str]:
    """Where the site is, and what to do next."""
    yield ""
    yield _("网站做好了：{path}").format(path=project.site / "index.html")
    yield _("接下来可以：")
    yield _("  · 双击打开上面的 index.html，听一听，看一看")
    yield _("  · 把 build/site 整个文件夹复制到 U 盘，教室里没有网络也能用")
    if drafts := _with_status(report, TranscriptStatus.DRAFT):
        yield _("  · 校对 {count} 份机器初稿：双击 scripts 里的“校对”，在浏览器里边听边改").format(
            count=len(drafts)
        )
    if waiting := checks.awaiting_consent(report.recordings, report.days):
        yield _("  · {count} 件录音在等同意书，没有公开：").format(count=len(waiting))
        yield from (f"      {_printable(_named(recording))}" for recording in waiting[:_MOST])
    yield _("  · 改完再运行一次，网站就会更新")


def packed(report: Report) -> Iterator[str]:
    """Where the pack is, what is in it, and what to mind."""
    pack = report.pack
    if pack is None:
        return
    yield ""
    yield _("礼包做好了：{path}（{size} MB，{count} 个文件，逐个核对过）").format(
        path=pack.path, size=max(1, round(pack.size / 1e6)), count=pack.files
    )
    yield _("接下来可以：")
    yield _("  · 拷进 U 盘，在教室的电脑上解压缩，双击“开始.html”")
    if pack.classroom:
        yield _("  · 里面有 {count} 件只供课堂的录音，不要把礼包放到网上").format(
            count=pack.classroom
        )


def exported(report: Report) -> Iterator[str]:
    """Where the export is, and what it is not."""
    yield from problem_lines(report.problems)
    if report.exported:
        yield _("导出好了：{path}").format(path=report.exported)
        yield _("里面只有公开的内容，没有原件；整个文件夹是一个 BagIt 包，可以核对。")


def checked(report: Report) -> Iterator[str]:
    """What was verified, and what waits for its turn."""
    yield from problem_lines(report.problems)
    if found := report.checked:
        yield _("看过每一件；其中 {count} 件的主文件从头到尾核对过。").format(
            count=len(found.hashed)
        )
        if found.waiting:
            yield _("还有 {count} 件等下一次，最久的一件上次核对是 {oldest}。").format(
                count=found.waiting, oldest=found.oldest or _("很久以前")
            )
        if not report.wrong:
            yield _("都和登记的一样。")


def backed_up(report: Report) -> Iterator[str]:
    """What was copied into the second copy."""
    yield from problem_lines(report.problems)
    if done := report.copied:
        yield _("备份在 {path}：新拷 {new} 个文件，更新 {changed} 个，{same} 个没有变。").format(
            path=done.target, new=len(done.new), changed=len(done.changed), same=done.same
        )
        yield _("改过的文件，以前的样子在备份的 earlier 里。备份里的东西从不删除。")


def handed_over(report: Report) -> Iterator[str]:
    """Where the bag is, and what to mind."""
    yield from problem_lines(report.problems)
    if done := report.copied:
        yield _("包做好了：{path}（{count} 个文件）").format(path=done.target, count=len(done.new))
        yield _("里面是整个档案库，包括封存的录音：只交给接管档案的单位，不要放到网上。")


def restored(report: Report, *, rehearsed: bool) -> Iterator[str]:
    """What came back, or would come back."""
    yield from problem_lines(report.problems)
    if done := report.copied:
        for sign, paths in (("+", done.new), ("~", done.changed)):
            yield from (f"{sign} {_printable(path)}" for path in paths)
        said = (
            _("演习：会补回 {new} 个文件，换下 {changed} 个坏的主文件；这里什么都没有动。")
            if rehearsed
            else _("补回了 {new} 个文件，换下 {changed} 个坏的主文件（坏的留在 damaged 里）。")
        )
        yield said.format(new=len(done.new), changed=len(done.changed))


def imported(report: Report) -> Iterator[str]:
    """What came in from a file of another system."""
    yield from problem_lines(report.problems)
    if report.imported is not None:
        lines, fields = report.imported
        yield _("收进了 {lines} 行文字；目录卡补上了：{fields}").format(
            lines=lines, fields="、".join(fields) or "—"
        )
        yield _("请听一遍，再定稿。")


def merged(report: Report) -> Iterator[str]:
    """What came in from another archive, and what the two say differently."""
    yield from problem_lines(report.problems)
    done = report.merged
    if done is None:
        return
    yield _("从{holder}并入 {new} 件；{same} 件两边都有。").format(
        holder=_printable(done.holder) or _("另一个档案库"),
        new=len(done.brought),
        same=len(done.same),
    )
    if done.differences:
        yield _("下面这些，两边说的不一样。这里的没有动，请两边的人一起看：")
    for one in done.differences:
        yield f"  {one.id} {one.key}"
        yield _("    这里：{text}").format(text=_printable(one.ours) or "—")
        yield _("    那边：{text}").format(text=_printable(one.theirs) or "—")


def drafted(report: Report) -> Iterator[str]:
    """Where the draft of a lesson is, and what its author does next."""
    yield from problem_lines(report.problems)
    if done := report.drafted:
        yield _("草稿写好了：{path}").format(path=done.path)
        if not done.added:
            yield _("请在 courses/course.yml 的 lessons 下面加一行：  - {name}").format(
                name=done.name
            )
        yield _("接下来可以：")
        yield _("  · 用记事本打开它，把“请作者写”的地方写上；每一段先听一听，时间不合适就改")
        yield _("  · 写完以后，删去 draft: true 这一行，再构建一次")


def released(report: Report) -> Iterator[str]:
    """What was published, or would be, or why nothing was."""
    yield from problem_lines(report.problems)
    release = report.release
    if release is None:
        yield _("没有发布。先处理上面 ✗ 开头的问题。")
        return
    if release.changes is not None:
        for mark, paths in (
            ("+", release.changes.appear),
            ("~", release.changes.change),
            ("-", release.changes.disappear),
        ):
            yield from (f"{mark} {_printable(path)}" for path in paths)
        yield _("新增 {appear} 个文件，改动 {change} 个，撤下 {disappear} 个。").format(
            appear=len(release.changes.appear),
            change=len(release.changes.change),
            disappear=len(release.changes.disappear),
        )
    if release.made:
        yield _("已经发布：{where}（{made}）").format(where=release.where, made=release.made)
    else:
        yield _("没有改动 {where}。").format(where=release.where)


def _with_status(report: Report, status: TranscriptStatus) -> list[str]:
    return [_named(r) for r in report.recordings if report.transcripts[r.id].status is status]


def status(report: Report) -> Iterator[str]:
    """What is there, what is missing, and what waits for whom."""
    recordings = report.recordings
    talks = sum(r.kind is Kind.TALK for r in recordings)
    published_now = len(report.catalogue.entries) if report.catalogue else 0
    yield _("档案库：讲述 {talks} 件，家训 {mottoes} 件；公开 {published} 件").format(
        talks=talks, mottoes=len(recordings) - talks, published=published_now
    )
    yield from _section(
        _("等同意书（没有公开）"),
        (_named(r) for r in checks.awaiting_consent(recordings, report.days)),
    )
    yield from _section(
        _("有同意书，但不公开"),
        (
            f"{_named(r)}  {_level(decision.level)}"
            for r in recordings
            if (decision := access_decision(r, report.days)).has_consent
            and not decision.allows_publication()
        ),
    )
    yield from _section(
        _("资料不全"),
        (
            _("{recording}：缺 {facts}").format(recording=_named(r), facts="、".join(missing))
            for r in recordings
            if (missing := checks.missing_facts(r))
        ),
    )
    yield from _section(
        _("村名不在 archive.yml 里"),
        (
            f"{_named(r)}：{r.description.village}"
            for r in checks.unknown_villages(recordings, report.archive)
        ),
    )
    yield from _section(_("待转录"), _with_status(report, TranscriptStatus.MISSING))
    yield from _section(_("待校对（机器初稿）"), _with_status(report, TranscriptStatus.DRAFT))
    yield from _section(_("校对中"), _with_status(report, TranscriptStatus.EDITED))
    yield from problem_lines(report.problems)


def _level(access: Access) -> str:
    names = {
        Access.OPEN: _("公开"),
        Access.CLASSROOM: _("课堂"),
        Access.LISTED: _("目录"),
        Access.SEALED: _("封存"),
    }
    return names[access]


def _named(recording: Recording) -> str:
    return f"{recording.id}  {recording.original_name}"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield f"{title}：{len(found)}"
        yield from (f"  {_printable(line)}" for line in found[:_MOST])
        if len(found) > _MOST:
            yield _("  ……还有 {count} 件").format(count=len(found) - _MOST)


def evaluation(found: Evaluation) -> Iterator[str]:
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
    yield from _aligned([(title, *head), *((_printable(name), *_figures(s)) for name, s in rows)])


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
