"""Format what an erasure removes, and what people have to do about copies out of reach."""

from collections.abc import Iterator

from cunshi.core.i18n import _
from cunshi.core.text import printable
from cunshi.publishing.log import PACK
from cunshi.report.wording import lines, problem_lines, section
from cunshi.workflow.erasure import Erased, Planned


@lines.register
def planned(done: Planned) -> Iterator[str]:
    """Report what an erasure would remove, and what is out of reach."""
    yield from problem_lines(done.problems)
    yield _("会彻底删除，找不回来：{name}").format(name=_name(done))
    yield ""
    yield _("会删除的文件") + f"：{len(done.removed)}"
    yield from (f"  {printable(path)}" for path in done.removed)  # all, because people decide by it
    if not done.what.file:
        yield _("还有 build 里由它做的一切：收听版、片段、网页、礼包、缓存。")
    yield from _published(done)
    yield from _to_do(done)


@lines.register
def erased(done: Erased) -> Iterator[str]:
    """Report what was erased, what was taken down, and what remains to be done by people."""
    yield from problem_lines(done.problems)
    yield _("彻底删除了：{name}；{count} 个文件，build 里由它做的也删了。").format(
        name=_name(done.planned), count=len(done.planned.removed)
    )
    yield _("登记在 archive/erased.jsonl：没有名字，没有话，只为了认得出同样的文件，不再收进来。")
    for publication in done.taken_down.publications:
        yield _("网站重新做过，已经从这里撤下：{where}；以前的版本也删了。").format(
            where=publication.where
        )
        yield from section(_("这些页面先空着，问题处理好再发布一次就回来"), publication.blank)
    yield from _to_do(done.planned)
    if not done.is_complete:
        yield _("还没有做完：处理好上面 ✗ 的行，把同样的命令再运行一次。")


def _name(done: Planned) -> str:
    return printable(" ".join(filter(None, (done.what.id, done.what.file))))


def _published(done: Planned) -> Iterator[str]:
    for where in done.places:
        place = where.folder or where.rsync or f"{where.remote} {where.branch}"
        yield _("发布在 {place} 的网站会重新做，以前的版本会删掉。").format(place=printable(place))


def _to_do(done: Planned) -> Iterator[str]:
    """Tell what only people can do: texts that they wrote, and copies elsewhere."""
    yield from section(_("同样的文件也在别的录音里，没有删；要删的话分别删"), done.shared)
    places = (f"{trace.where}:{trace.line}" for trace in done.traces)
    yield from section(_("您写的文字里还提到它或讲述人，请自己看、自己改"), places)
    yield from section(_("够不着的，请您去办"), _out_of_reach(done))


def _out_of_reach(done: Planned) -> Iterator[str]:
    """Yield what to do with each copy out of reach, one a line."""
    for one in done.appearances:
        since, until = one.since[:10], one.until[:10] or _("现在")
        if one.edition == PACK:
            yield _("礼包：{since} 起做的礼包里有它。把发出去的 U 盘收回来，删掉，换上新的").format(
                since=since
            )
        else:
            yield _(
                "网站：{since} 到 {until} 在网上。U 盘里、别的电脑上的网站换成新的；"
                "请搜索引擎删除快照；别人存下的收不回来"
            ).format(since=since, until=until)
    for branch in filter(None, (where.branch for where in done.places)):
        yield _(
            "git 分支 {branch}：远程仓库可能还留着以前的提交，请托管的网站清除；"
            "自己的仓库运行 git reflog expire --expire=now --all，再运行 git gc --prune=now"
        ).format(branch=printable(branch))
    if done.is_in_git:
        yield _(
            "这个文件夹在 git 仓库里：提交过的历史里可能有它。"
            "请懂电脑的人用 git filter-repo 清除，每一份克隆都要换"
        )
    for origin in done.origins:
        yield _("它是从 {origin} 并来的：请他们也删除").format(origin=printable(origin))
    yield _("别的村并走过这个档案库的，请他们也删除")
    yield _("接不上的备份：接上以后，把这个命令再运行一次，加 --backup 文件夹")
    yield _("移交的 BagIt 包、导出的文件夹、发布到别处的网站：请拿着的人删除，换成新的")
    yield _("校对过它的浏览器里可能存着没有送出的字：在校对台里登出，清除这个网站的数据")
