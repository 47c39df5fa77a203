"""The command ``erase``: it lists, asks what is missing, and has two people confirm."""

import sys
from pathlib import Path

import click

from cunshi import report, workflow
from cunshi.cli.command import finish, new_reporter, open_project, say
from cunshi.core.i18n import _
from cunshi.domain.settings import Destination
from cunshi.workflow.erasure import Demand, Erasure, Planned


@click.command(
    help=_(
        "应家属要求彻底删除编号 ID 的录音，或它的一个文件：这里、备份里、网上。"
        "删了找不回来；先用 --dry-run 看清单。"
    )
)
@click.argument("recording", metavar="ID")
@click.option("--file", default="", metavar="PATH", help=_("只删一个文件，例如 consent/同意书.jpg"))
@click.option("--asked-by", default="", metavar="WHO", help=_("谁提出的（不写讲述人的名字）"))
@click.option("--asked-on", default="", metavar="DAY", help=_("哪一天提出的"))
@click.option("--ground", default="", metavar="TEXT", help=_("什么理由（不写录音里的话）"))
@click.option(
    "--backup",
    "backups",
    type=click.Path(file_okay=False, path_type=Path),
    multiple=True,
    metavar="FOLDER",
    help=_("也从这份备份里删；有几份写几次"),
)
@click.option("--to", default="", metavar="FOLDER", help=_("网站发布在这个文件夹"))
@click.option("--confirm", default="", metavar="ID", help=_("第一次确认：再写一遍编号"))
@click.option("--witness", default="", metavar="NAME", help=_("第二次确认：另一位在场的人"))
@click.option("--dry-run", is_flag=True, help=_("只列清单，什么都不删"))
@click.pass_context
def erase(
    context: click.Context,
    recording: str,
    file: str,
    backups: tuple[Path, ...],
    to: str,
    dry_run: bool,
    asked_by: str,
    asked_on: str,
    ground: str,
    confirm: str,
    witness: str,
) -> None:
    project = open_project(context)
    published = Destination(folder=str(Path(to).resolve())) if to else None
    what = Erasure(recording, file, tuple(path.resolve() for path in backups), published)
    planned = workflow.plan_erasure(project, what)
    if dry_run:
        finish(planned)
    demand = Demand(asked_by, asked_on, ground, confirm, witness)
    if sys.stdin.isatty():
        say(report.lines(planned))
        demand = _ask(planned, demand)
    finish(workflow.erase(project, new_reporter(), what, demand))


def _ask(planned: Planned, demand: Demand) -> Demand:
    """Ask for what the options do not say; the confirmations come last."""
    asked = [demand.asked_by, demand.asked_on, demand.ground]
    if not planned.is_begun:
        questions = (
            _("谁提出的（写关系，不写讲述人的名字）"),
            _("哪一天提出的"),
            _("什么理由（不写录音里的话）"),
        )
        asked = [said or click.prompt(q) for said, q in zip(asked, questions, strict=True)]
    typed = demand.typed or click.prompt(_("确认：再写一遍编号"))
    witness = demand.witness or click.prompt(_("另一位在场的人看过清单，写他的名字"))
    return Demand(asked[0], asked[1], asked[2], typed, witness)
