"""Reports as people read them: what was done, what is wrong and what to do next."""

from collections.abc import Iterable, Iterator

from cunshi import verify
from cunshi.i18n import _
from cunshi.model import Access, Kind, Problem, Recording, TranscriptStatus
from cunshi.store import Project
from cunshi.workflow import Report

_MOST = 20


def problem_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """Each problem: file and line, cause, remedy."""
    for problem in problems:
        line = _("第 {line} 行").format(line=problem.line) if problem.line else ""
        place = " ".join(filter(None, [_printable(problem.where), line]))
        yield f"✗ {place + '：' if place else ''}{_printable(problem.cause)}"
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
    if report.problems:
        yield _("有 {count} 个问题要处理（✗ 开头的行）；其余的都做好了。").format(
            count=len(report.problems)
        )


def published(project: Project, report: Report) -> Iterator[str]:
    """Where the site is, and what to do next."""
    yield ""
    yield _("网站做好了：{path}").format(path=project.site / "index.html")
    yield _("接下来可以：")
    yield _("  · 双击打开上面的 index.html，听一听，看一看")
    yield _("  · 把 build/site 整个文件夹复制到 U 盘，教室里没有网络也能用")
    if drafts := _with_status(report, TranscriptStatus.DRAFT):
        yield _("  · 校对 {count} 份机器初稿：边听边改 archive/编号/transcript.vtt").format(
            count=len(drafts)
        )
    if waiting := verify.awaiting_consent(report.recordings, report.today):
        yield _("  · {count} 件录音在等同意书，没有公开：").format(count=len(waiting))
        yield from (f"      {_printable(_named(recording))}" for recording in waiting[:_MOST])
    yield _("  · 改完再运行一次，网站就会更新")


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
        (_named(r) for r in verify.awaiting_consent(recordings, report.today)),
    )
    yield from _section(
        _("有同意书，但不公开"),
        (
            f"{_named(r)}  {_level(r.access(report.today))}"
            for r in recordings
            if r.description.consent.holds(report.today) and not r.is_published(report.today)
        ),
    )
    yield from _section(
        _("资料不全"),
        (
            _("{recording}：缺 {facts}").format(recording=_named(r), facts="、".join(missing))
            for r in recordings
            if (missing := verify.missing_facts(r))
        ),
    )
    yield from _section(
        _("村名不在 archive.yml 里"),
        (
            f"{_named(r)}：{r.description.village}"
            for r in verify.unknown_villages(recordings, report.archive)
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
