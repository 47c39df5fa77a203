"""The command line: arguments, messages, exit codes.

The only room that prints. What the commands share is in `command`.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from cunshi import __version__, report, workflow
from cunshi.archive.project import Project
from cunshi.cli.accounts import account, ask_first_accounts
from cunshi.cli.command import finish, new_reporter, open_project, say
from cunshi.cli.erase import erase
from cunshi.core.errors import ConfigurationError, CunshiError, DiskError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.domain.course import LESSON_COUNT
from cunshi.domain.settings import Destination
from cunshi.transcription.engines import ENGINES
from cunshi.transcription.jobs import Choice

F = TypeVar("F", bound=Callable[..., Any])


def _engine_options(command: F) -> F:
    command = click.option(
        "--model", default="", metavar="NAME", help=_("模型的名字或文件夹（代替 archive.yml 里的）")
    )(command)
    return click.option(
        "--engine",
        default="",
        metavar="NAME",
        help=_("识别引擎：{names}（代替 archive.yml 里的）").format(names=" / ".join(ENGINES)),
    )(command)


def _strict_option(command: F) -> F:
    words = _("更严：引用的文稿还没有定稿、课还是草稿，也算问题")
    return click.option("--strict", is_flag=True, help=words)(command)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("把村里老人的录音做成永久的口述档案和十节村史课。"),
)
@click.version_option(__version__, prog_name="cunshi", message="%(prog)s %(version)s")
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar="CUNSHI_ROOT",
    help=_("项目文件夹（里面有 mkdocs.yml）"),
)
@click.option("-v", "--verbose", is_flag=True, help=_("出错时显示程序的细节"))
@click.pass_context
def cli(context: click.Context, root: Path, verbose: bool) -> None:
    context.obj = root


@cli.command(help=_("全部做一遍：收录、听写、编课、发布网站。"))
@_engine_options
@_strict_option
@click.pass_context
def build(context: click.Context, engine: str, model: str, strict: bool) -> None:
    project = open_project(context)
    finish(workflow.build(project, new_reporter(), Choice(engine, model), strict=strict))


@cli.command(help=_("只收录：把 recordings 里的新录音收进档案库。"))
@click.pass_context
def ingest(context: click.Context) -> None:
    finish(workflow.ingest(open_project(context), new_reporter()))


@cli.command(help=_("只听写：给还没有文稿的录音写初稿。"))
@_engine_options
@click.option(
    "--scheduler",
    default="",
    metavar="ADDRESS",
    help=_("让集群里的电脑听（Dask 调度程序的地址，如 tcp://192.168.1.5:8786）；声音会送到那里"),
)
@click.pass_context
def transcribe(context: click.Context, engine: str, model: str, scheduler: str) -> None:
    choice = Choice(engine, model, scheduler)
    finish(workflow.transcribe(open_project(context), new_reporter(), choice))


@cli.command(help=_("只发布：用档案库和课程做网站。"))
@_strict_option
@click.pass_context
def site(context: click.Context, strict: bool) -> None:
    project = open_project(context)
    finish(workflow.build_site(project, new_reporter(), strict=strict))


@cli.command(help=_("做礼包：整个网站和教师资料装进一个文件，拷进 U 盘带去教室。"))
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=_("礼包放在哪里（默认在 build 文件夹里）"),
)
@click.pass_context
def pack(context: click.Context, to: Path | None) -> None:
    finish(workflow.pack(open_project(context), new_reporter(), to))


@cli.command(help=_("导出：公开的目录、声音和文稿，写成别的档案馆读得懂的格式。"))
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="FOLDER",
    help=_("写到这个文件夹里"),
)
@click.pass_context
def export(context: click.Context, to: Path) -> None:
    finish(workflow.export(open_project(context), new_reporter(), to))


@cli.command(help=_("发布：重新做一遍网站，放到大家看得到的地方。有问题就不发布。"))
@click.option("--to", default="", metavar="FOLDER", help=_("发布到这个文件夹（也可以是网络共享）"))
@click.option(
    "--branch", default="", metavar="NAME", help=_("发布到 git 的这个分支，例如 gh-pages")
)
@click.option("--remote", default="origin", metavar="NAME", help=_("git 的远程仓库"))
@click.option("--rsync", default="", metavar="HOST:PATH", help=_("用 rsync 发布到服务器"))
@click.option("--dry-run", is_flag=True, help=_("只说会改变什么，不发布"))
@click.option("--rollback", is_flag=True, help=_("退回上一版（只用于文件夹）"))
@click.pass_context
def publish(
    context: click.Context,
    to: str,
    branch: str,
    remote: str,
    rsync: str,
    dry_run: bool,
    rollback: bool,
) -> None:
    folder = str(Path(to).resolve()) if to else ""
    asked = Destination(folder, branch, remote, rsync) if to or branch or rsync else None
    project = open_project(context)
    if rollback:
        finish(workflow.roll_back(project, asked))
    else:
        finish(workflow.publish(project, new_reporter(), asked, dry_run=dry_run))


@cli.command(help=_("在这台电脑上看网站（拖动进度条也能用）；改了东西，网站自己更新。"))
@click.option("--port", default=8000, show_default=True, help=_("端口"))
@click.option("--still", is_flag=True, help=_("只看，不跟着改动更新"))
@click.pass_context
def serve(context: click.Context, port: int, still: bool) -> None:
    project = open_project(context)
    if not (project.site / "index.html").is_file():
        raise ConfigurationError(_("还没有网站"), _("先运行 build"), where=project.site)
    from cunshi.website import server

    with server.open_port(port) as listening:
        address = f"http://{server.HOST}:{port}"
        click.echo(_("打开浏览器看：{address}（按 Ctrl+C 结束）").format(address=address))
        if still:
            server.serve(project.site, listening)
            return
        from cunshi.website.live_preview import Preview

        with Preview(project, lambda everything: _rebuild(project, everything)) as preview:
            server.serve(project.site, listening, lambda: preview.version)


def _rebuild(project: Project, everything: bool) -> bool:
    """Rebuild the site after a change and print problems; return whether it was built."""
    try:
        made = workflow.rebuild(project, new_reporter(), everything=everything)
    except CunshiError as error:
        say(report.problem_lines([Problem.from_error(error)]))
        return False
    say(report.problem_lines(made.problems))
    click.echo(_("网站更新了"))
    return True


@cli.command(help=_("打开校对台：在浏览器里听录音、改文稿、登记同意书、发布。"))
@click.option("--port", default=8010, show_default=True, help=_("端口"))
@click.option("--lan", is_flag=True, help=_("让同一个网络里的人也能用，每人一个账号（account）"))
@click.option("--tls-cert", type=Path, metavar="FILE", help=_("证书，让网络上的连接加密"))
@click.option("--tls-key", type=Path, metavar="FILE", help=_("证书的密钥"))
@click.option("--password", default="", hidden=True)
@click.option("--no-open", is_flag=True, help=_("不自动打开浏览器"))
@click.pass_context
def review(
    context: click.Context,
    port: int,
    lan: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    password: str,
    no_open: bool,
) -> None:
    if password:
        raise ConfigurationError(
            _("密码不要写在命令里：这台电脑上的别人看得到"),
            _("每人一个账号：account add 姓名，程序会问密码"),
        )
    if (tls_cert or tls_key) and not (lan and tls_cert and tls_key):
        raise click.UsageError(_("--tls-cert 和 --tls-key 要一起写，和 --lan 一起用"))
    project = open_project(context)
    from cunshi.review import server
    from cunshi.review.auth.certificate import load_certificate

    certificate = load_certificate(tls_cert, tls_key) if tls_cert and tls_key else None
    if lan:
        ask_first_accounts(project)
    server.run(
        project,
        port,
        to_network=lan,
        certificate=certificate,
        opens_browser=not no_open,
        say=click.echo,
    )
    click.echo(_("校对台关了。"))


cli.add_command(account)


@cli.command(help=_("看看有什么、缺什么、在等什么。"))
@click.pass_context
def status(context: click.Context) -> None:
    finish(workflow.survey(open_project(context)))


@cli.command(help=_("核对主文件、目录卡和课程里的每一处引用。"))
@_strict_option
@click.pass_context
def check(context: click.Context, strict: bool) -> None:
    finish(workflow.check(open_project(context), new_reporter(), strict=strict))


@cli.command(help=_("核对主文件，轮着来：先核对最久没有核对的，并登记下来。"))
@click.option("--minutes", type=click.FloatRange(0), metavar="N", help=_("最多用几分钟"))
@click.option("--quick", is_flag=True, help=_("只看有没有少、多、大小变了，不读内容"))
@click.pass_context
def verify(context: click.Context, minutes: float | None, quick: bool) -> None:
    seconds = 0.0 if quick else None if minutes is None else minutes * 60
    finish(workflow.verify(open_project(context), new_reporter(), seconds))


_folder = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


@cli.command(help=_("备份：把档案库和课程拷到 FOLDER，只拷新的，拷完核对，从不删除。"))
@_folder
@click.option("--bag", is_flag=True, help=_("不更新备份，另做一个 BagIt 包，移交给接管档案的单位"))
@click.pass_context
def backup(context: click.Context, folder: Path, bag: bool) -> None:
    project = open_project(context)
    if bag:
        finish(workflow.hand_over(project, folder))
    else:
        finish(workflow.back_up(project, folder, new_reporter()))


@cli.command(help=_("恢复：从 FOLDER 里的备份补回这里没有的，换下坏了的主文件。"))
@_folder
@click.option("--check", is_flag=True, help=_("只演习：把备份从头核对一遍，说会补回什么"))
@click.pass_context
def restore(context: click.Context, folder: Path, check: bool) -> None:
    finish(workflow.restore(open_project(context), folder, new_reporter(), rehearse=check))


@cli.command(
    "import", help=_("收进别处来的文稿：把 WebVTT、SRT 或 OHMS XML 文件给编号 ID 的录音。")
)
@click.argument("recording", metavar="ID")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def import_file(context: click.Context, recording: str, path: Path) -> None:
    finish(workflow.import_file(open_project(context), recording, path))


@cli.command(help=_("并入：把 FOLDER 里另一个村的档案（项目、备份或 BagIt 包）收进来。"))
@_folder
@click.pass_context
def merge(context: click.Context, folder: Path) -> None:
    finish(workflow.merge(open_project(context), folder, new_reporter()))


@cli.group(help=_("写课。"))
def lesson() -> None:
    pass


@lesson.command(help=_("给第 NUMBER 课起草稿：从录音里挑出片段和关键词，留出要作者写的地方。"))
@click.argument("number", type=click.IntRange(1, LESSON_COUNT))
@click.option("--from", "first", required=True, metavar="ID", help=_("录音的编号，可以写几个"))
@click.argument("more", nargs=-1, metavar="[ID]...")
@click.option("--slug", default="", metavar="NAME", help=_("文件夹的名字（课号后面的一截）"))
@click.pass_context
def new(context: click.Context, number: int, first: str, more: tuple[str, ...], slug: str) -> None:
    ids = list(dict.fromkeys([first, *more]))
    finish(workflow.draft_lesson(open_project(context), number, ids, slug))


@cli.command(help=_("算错误率：机器初稿与校对好的文稿差多少，好挑选模型。"))
@click.option(
    "--reference",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help=_("一份写好的文字：列表，每一项有 file（录音）和 text（说的话）"),
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=_("把全部数字写进这个 JSON 文件"),
)
@click.pass_context
def evaluate(context: click.Context, reference: Path | None, json_file: Path | None) -> None:
    finish(workflow.evaluate(open_project(context), reference, json_file))


cli.add_command(erase)


def _fail(error: CunshiError) -> NoReturn:
    say(report.problem_lines([Problem.from_error(error)]))
    sys.exit(int(error.code))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; the only place that turns exceptions into messages and exit codes."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    words = sys.argv[1:] if arguments is None else arguments
    try:
        cli.main(words, prog_name="cunshi", standalone_mode=False)
    except CunshiError as error:
        if "-v" in words or "--verbose" in words:
            raise
        _fail(error)
    except OSError as error:
        if "-v" in words or "--verbose" in words:
            raise
        _fail(DiskError(error))
    except click.ClickException as error:
        error.show()
        sys.exit(int(ExitCode.USAGE))
    except (KeyboardInterrupt, click.Abort):
        click.echo(_("\n停下了。已经做好的都在，下次接着做。"), err=True)
        sys.stdout.flush()
        # Threads may be busy with recognition; files are written atomically, so exiting is safe.
        os._exit(int(ExitCode.INTERRUPTED))
