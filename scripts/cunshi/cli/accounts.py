"""The command `account`: people of a network's desk. Passwords are asked for, never arguments."""

import sys

import click

from cunshi.archive.accounts.people import SHORTEST_PASSWORD, Accounts
from cunshi.archive.project import Project
from cunshi.cli.command import open_project
from cunshi.core.i18n import _

_name = click.argument("name", metavar="NAME")
_approval = "--may-approve/--may-not-approve"


def _accounts(context: click.Context) -> Accounts:
    return Accounts(open_project(context))


def _ask_password(name: str) -> str:
    text = _("{name} 的密码（至少 {count} 个字符，打字时看不见）")
    text = text.format(name=name, count=SHORTEST_PASSWORD)
    return str(click.prompt(text, hide_input=True, confirmation_prompt=True))


@click.group(help=_("校对台的账号：几个人一起校对（review --lan）时，每人一个。"))
def account() -> None:
    pass


@account.command(help=_("加一个人；密码由程序来问。"))
@_name
@click.option(_approval, default=False, help=_("能不能定稿（默认不能）"))
@click.pass_context
def add(context: click.Context, name: str, may_approve: bool) -> None:
    _accounts(context).add(name, _ask_password(name), may_approve=may_approve)
    click.echo(_("加了 {name} 的账号").format(name=name))


@account.command(help=_("换密码，或改能不能定稿。"))
@_name
@click.option(_approval, default=None, help=_("能不能定稿"))
@click.option("--new-password", is_flag=True, help=_("换密码；程序会问"))
@click.pass_context
def change(context: click.Context, name: str, may_approve: bool | None, new_password: bool) -> None:
    if may_approve is None and not new_password:
        raise click.UsageError(_("要改什么：--new-password、--may-approve 或 --may-not-approve"))
    password = _ask_password(name) if new_password else None
    _accounts(context).change(name, password=password, may_approve=may_approve)
    click.echo(_("改好了 {name} 的账号").format(name=name))


@account.command(help=_("去掉一个人的账号；这个人改过的、定过的稿都还在。"))
@_name
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    _accounts(context).remove(name)
    click.echo(_("去掉了 {name} 的账号").format(name=name))


@account.command("list", help=_("列出所有的账号。"))
@click.pass_context
def show(context: click.Context) -> None:
    found = _accounts(context).all()
    for one in found:
        said = _("能定稿") if one.may_approve else _("不能定稿")
        click.echo(f"{one.name}  {said}")
    if not found:
        click.echo(_("还没有账号"))


def ask_first_accounts(project: Project) -> None:
    """Ask for accounts on a terminal if there are none yet; the first may approve."""
    accounts = Accounts(project)
    if accounts.all() or not sys.stdin.isatty():
        return
    click.echo(_("几个人一起校对，每人要一个账号。先加您自己的，能定稿："))
    name = click.prompt(_("您的名字"))
    accounts.add(name, _ask_password(name), may_approve=True)
    another = _("还有谁？写名字，请这个人来打密码；没有别人了，就按回车")
    while name := click.prompt(another, default="", show_default=False):
        may_approve = click.confirm(_("{name} 能定稿吗").format(name=name))
        accounts.add(name, _ask_password(name), may_approve=may_approve)
