"""Format results of commands for people: what was done, what is wrong, what to do next.

`lines` formats any result: each class of results registers a function, here or in a module of its
own.
"""

from collections.abc import Iterator

from cunshi.archive.backup import BackedUp, HandedOver, Restored
from cunshi.archive.fixity.schedule import Verified
from cunshi.catalogue import checks
from cunshi.catalogue.course.lesson_draft import Drafted
from cunshi.core.i18n import _
from cunshi.core.problem import Result
from cunshi.core.text import printable
from cunshi.domain.access import access_decision
from cunshi.domain.consent import Access
from cunshi.domain.recording import Kind, Recording
from cunshi.domain.transcript import TranscriptStatus
from cunshi.exports.archival.bundle import Exported
from cunshi.exports.classroom.usb_pack import Packed
from cunshi.intake.import_transcript import Imported
from cunshi.intake.merge_archive import Merged
from cunshi.publishing.destinations import Publication, RolledBack
from cunshi.report import erasure as _erasure  # noqa: F401 (registers its results)
from cunshi.report.wording import MOST, lines, problem_lines, section
from cunshi.transcription.evaluation import Evaluation
from cunshi.transcription.evaluation_table import table
from cunshi.transcription.jobs import Transcribed
from cunshi.workflow.results import (
    Built,
    BuiltSite,
    Checked,
    Ingested,
    IngestedAndTranscribed,
    NotPublished,
    Published,
    Surveyed,
    TakenDown,
)

__all__ = ["lines", "problem_lines"]


@lines.register
def ingested(done: Ingested) -> Iterator[str]:
    """Report what was accessioned."""
    yield from _taken_in(done)
    yield from _to_mend(done)


@lines.register
def transcribed(done: Transcribed) -> Iterator[str]:
    """Report what was transcribed."""
    yield from _drafted(done)
    yield from _to_mend(done)


@lines.register
def ingested_and_transcribed(done: IngestedAndTranscribed) -> Iterator[str]:
    """Report what was accessioned and transcribed."""
    yield from _taken_in(done)
    yield from _drafted(done)
    yield from _to_mend(done)


@lines.register
def built(done: Built) -> Iterator[str]:
    """Report the whole build, where the site is, and what to do next."""
    yield from ingested_and_transcribed(done)
    yield from _next_steps(done.site)


@lines.register
def built_site(done: BuiltSite) -> Iterator[str]:
    """Report where the site is, and what to do next."""
    yield from _to_mend(done)
    yield from _next_steps(done)


def _taken_in(done: Ingested) -> Iterator[str]:
    intake = done.intake
    yield _("收录：新收 {new} 件，已有 {known} 件").format(
        new=len(intake.taken), known=len(done.recordings) - len(intake.taken)
    )
    if intake.amended:
        yield _("目录卡有更新：{ids}").format(ids="、".join(intake.amended))
    for later, first in intake.duplicates:
        yield _("内容相同，只收一件：{later} = {first}").format(
            later=printable(later), first=printable(first)
        )
    for name in intake.waiting:
        yield _("还在复制，下次再收：{name}").format(name=printable(name))


def _drafted(done: Transcribed) -> Iterator[str]:
    if done.drafted:
        yield _("听写：{count} 件").format(count=len(done.drafted))


def _to_mend(done: Result) -> Iterator[str]:
    yield from problem_lines(done.problems)
    if wrong := done.wrong:
        yield _("有 {count} 个问题要处理（✗ 开头的行）；其余的都做好了。").format(count=len(wrong))


def _next_steps(site: BuiltSite) -> Iterator[str]:
    yield ""
    yield _("网站做好了：{path}").format(path=site.index)
    yield _("接下来可以：")
    yield _("  · 双击打开上面的 index.html，听一听，看一看")
    yield _("  · 把 build/site 整个文件夹复制到 U 盘，教室里没有网络也能用")
    if drafts := _with_status(site, TranscriptStatus.DRAFT):
        yield _("  · 校对 {count} 份机器初稿：双击 scripts 里的“校对”，在浏览器里边听边改").format(
            count=len(drafts)
        )
    if waiting := checks.awaiting_consent(site.recordings, site.days):
        yield _("  · {count} 件录音在等同意书，没有公开：").format(count=len(waiting))
        yield from (f"      {printable(_named(recording))}" for recording in waiting[:MOST])
    yield _("  · 改完再运行一次，网站就会更新")


@lines.register
def packed(done: Packed) -> Iterator[str]:
    """Report where the pack is, what it contains, and what to consider."""
    yield from _to_mend(done)
    yield ""
    yield _("礼包做好了：{path}（{size} MB，{count} 个文件，逐个核对过）").format(
        path=done.path, size=max(1, round(done.size / 1e6)), count=done.files
    )
    yield _("接下来可以：")
    yield _("  · 拷进 U 盘，在教室的电脑上解压缩，双击“开始.html”")
    if done.classroom:
        yield _("  · 里面有 {count} 件只供课堂的录音，不要把礼包放到网上").format(
            count=done.classroom
        )


@lines.register
def exported(done: Exported) -> Iterator[str]:
    """Report where the export is, and what it does not contain."""
    yield from problem_lines(done.problems)
    yield _("导出好了：{path}").format(path=done.path)
    yield _("里面只有公开的内容，没有原件；整个文件夹是一个 BagIt 包，可以核对。")


@lines.register
def checked(done: Checked) -> Iterator[str]:
    """Report whether everything is in order."""
    yield from problem_lines(done.problems)
    if not done.wrong:
        yield _("都好：{count} 件录音与登记的一样，课程里的引用都找得到。").format(
            count=len(done.recordings)
        )


@lines.register
def verified(done: Verified) -> Iterator[str]:
    """Report what was verified, and what is not yet due."""
    yield from problem_lines(done.problems)
    yield _("看过每一件；其中 {count} 件的主文件从头到尾核对过。").format(count=len(done.hashed))
    if done.waiting:
        yield _("还有 {count} 件等下一次，最久的一件上次核对是 {oldest}。").format(
            count=done.waiting, oldest=done.oldest or _("很久以前")
        )
    if not done.wrong:
        yield _("都和登记的一样。")


@lines.register
def backed_up(done: BackedUp) -> Iterator[str]:
    """Report what was copied to the backup."""
    yield from problem_lines(done.problems)
    yield _("备份在 {path}：新拷 {new} 个文件，更新 {changed} 个，{same} 个没有变。").format(
        path=done.target, new=len(done.new), changed=len(done.changed), same=len(done.same)
    )
    yield _("改过的文件，以前的样子在备份的 earlier 里。备份里的从不删除，除非用 erase 彻底删除。")


@lines.register
def handed_over(done: HandedOver) -> Iterator[str]:
    """Report where the bag is, and what to consider."""
    yield from problem_lines(done.problems)
    yield _("包做好了：{path}（{count} 个文件）").format(path=done.target, count=len(done.new))
    yield _("里面是整个档案库，包括封存的录音：只交给接管档案的单位，不要放到网上。")


@lines.register
def restored(done: Restored) -> Iterator[str]:
    """Report what was or would be restored."""
    yield from problem_lines(done.problems)
    for sign, paths in (("+", done.new), ("~", done.changed)):
        yield from (f"{sign} {printable(path)}" for path in paths)
    said = (
        _("演习：会补回 {new} 个文件，换下 {changed} 个坏的主文件；这里什么都没有动。")
        if done.rehearsed
        else _("补回了 {new} 个文件，换下 {changed} 个坏的主文件（坏的留在 damaged 里）。")
    )
    yield said.format(new=len(done.new), changed=len(done.changed))


@lines.register
def imported(done: Imported) -> Iterator[str]:
    """Report what was imported."""
    yield from problem_lines(done.problems)
    yield _("收进了 {lines} 行文字；目录卡补上了：{fields}").format(
        lines=done.lines, fields="、".join(done.fields) or "—"
    )
    yield _("请听一遍，再定稿。")


@lines.register
def merged(done: Merged) -> Iterator[str]:
    """Report what was merged, and the differences."""
    yield from problem_lines(done.problems)
    yield _("从{holder}并入 {new} 件；{same} 件两边都有。").format(
        holder=printable(done.holder) or _("另一个档案库"),
        new=len(done.brought),
        same=len(done.same),
    )
    if done.differences:
        yield _("下面这些，两边说的不一样。这里的没有动，请两边的人一起看：")
    for one in done.differences:
        yield f"  {one.id} {one.key}"
        yield _("    这里：{text}").format(text=printable(one.ours) or "—")
        yield _("    那边：{text}").format(text=printable(one.theirs) or "—")


@lines.register
def drafted(done: Drafted) -> Iterator[str]:
    """Report where the draft lesson is, and what its author does next."""
    yield from problem_lines(done.problems)
    yield _("草稿写好了：{path}").format(path=done.path)
    if not done.added:
        yield _("请在 courses/course.yml 的 lessons 下面加一行：  - {name}").format(name=done.name)
    yield _("接下来可以：")
    yield _("  · 用记事本打开它，把“请作者写”的地方写上；每一段先听一听，时间不合适就改")
    yield _("  · 写完以后，删去 draft: true 这一行，再构建一次")


@lines.register
def published(done: Published) -> Iterator[str]:
    """Report what was or would be published."""
    yield from problem_lines(done.problems)
    found = done.publication
    changes = found.changes
    for mark, paths in (
        ("+", changes.appear),
        ("~", changes.change),
        ("-", changes.disappear),
    ):
        yield from (f"{mark} {printable(path)}" for path in paths)
    yield _("新增 {appear} 个文件，改动 {change} 个，撤下 {disappear} 个。").format(
        appear=len(changes.appear),
        change=len(changes.change),
        disappear=len(changes.disappear),
    )
    yield from _waiting(found)
    if found.made:
        yield _published_as(found.where, found.made)
    else:
        yield _("没有改动 {where}。").format(where=found.where)


def _waiting(publication: Publication) -> Iterator[str]:
    """Report which pages are not up to date, because something is wrong."""
    for title, paths in (
        (_("这些页面有问题没有处理，先保持原样"), publication.waiting),
        (_("这些页面先空着，问题处理好再发布一次就回来"), publication.blank),
    ):
        yield from section(title, paths)


@lines.register
def taken_down(done: TakenDown) -> Iterator[str]:
    """Report what was taken off the site."""
    yield from problem_lines(done.problems)
    if done.publication is None:
        yield _("网上没有要撤下的东西。")
        return
    changes = done.publication.changes
    yield from (f"- {printable(path)}" for path in changes.disappear)
    yield _("已经从网上撤下：{where}（撤下 {disappear} 个文件，改动 {change} 个）").format(
        where=done.publication.where,
        disappear=len(changes.disappear),
        change=len(changes.change),
    )
    yield from _waiting(done.publication)


@lines.register
def rolled_back(done: RolledBack) -> Iterator[str]:
    """Report what is served again."""
    yield from problem_lines(done.problems)
    yield _published_as(done.where, done.made)


def _published_as(where: str, made: str) -> str:
    return _("已经发布：{where}（{made}）").format(where=where, made=made)


@lines.register
def not_published(done: NotPublished) -> Iterator[str]:
    """Report why nothing was published."""
    yield from problem_lines(done.problems)
    yield _("没有发布。先处理上面 ✗ 开头的问题。")


def _with_status(found: Surveyed | BuiltSite, status: TranscriptStatus) -> list[str]:
    return [_named(r) for r in found.recordings if found.transcripts[r.id].status is status]


@lines.register
def surveyed(found: Surveyed) -> Iterator[str]:
    """Report the state of the archive, and what is missing or pending."""
    recordings = found.recordings
    talks = sum(r.kind is Kind.TALK for r in recordings)
    yield _("档案库：讲述 {talks} 件，家训 {mottoes} 件；公开 {published} 件").format(
        talks=talks,
        mottoes=len(recordings) - talks,
        published=len(found.catalogue.entries),
    )
    yield from section(
        _("等同意书（没有公开）"),
        (_named(r) for r in checks.awaiting_consent(recordings, found.days)),
    )
    yield from section(
        _("有同意书，但不公开"),
        (
            f"{_named(r)}  {_level(decision.level)}"
            for r in recordings
            if (decision := access_decision(r, found.days)).has_consent
            and not decision.allows_publication()
        ),
    )
    yield from section(
        _("资料不全"),
        (
            _("{recording}：缺 {facts}").format(recording=_named(r), facts="、".join(missing))
            for r in recordings
            if (missing := checks.missing_facts(r))
        ),
    )
    yield from section(
        _("村名不在 archive.yml 里"),
        (
            f"{_named(r)}：{r.description.village}"
            for r in checks.unknown_villages(recordings, found.archive)
        ),
    )
    yield from section(_("待转录"), _with_status(found, TranscriptStatus.MISSING))
    yield from section(_("待校对（机器初稿）"), _with_status(found, TranscriptStatus.DRAFT))
    yield from section(_("校对中"), _with_status(found, TranscriptStatus.EDITED))
    yield from problem_lines(found.problems)


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


@lines.register
def evaluated(done: Evaluation) -> Iterator[str]:
    """Report the error rates of drafts."""
    yield from table(done)
    yield from problem_lines(done.problems)
