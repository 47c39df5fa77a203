"""Read archive/archive.yml, the settings of the archive."""

from dataclasses import replace
from pathlib import Path

from cunshi.archive.records import LANGUAGES
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import Fields, load_fields
from cunshi.domain.persons.names import split_names
from cunshi.domain.settings import (
    ANONYMOUS,
    MANDARIN,
    MIXED,
    WU,
    Archive,
    Destination,
    Names,
    Recogniser,
)


def read_archive(path: Path, where: str, problems: list[Problem]) -> Archive:
    """Read archive/archive.yml."""
    default = Archive()
    fields = load_fields(path, where, problems)
    archive = Archive(
        institution=fields.text("institution"),
        contact=fields.text("contact"),
        villages=fields.texts("villages"),
        rights=fields.text("rights"),
        language=fields.choice("language", LANGUAGES, invalid=default.language) or default.language,
        engine=fields.text("engine", default.engine),
        model=fields.text("model", default.model),
        server=_read_server(fields),
        publish=_read_destination(fields.section("publish", {})),
        two_people=fields.flag("two_people"),
        cluster=fields.flag("cluster"),
    )
    names, are_known = _read_pseudonyms(fields)
    dialects = _read_dialects(fields.section("dialects", LANGUAGES), archive)
    fields.finish()
    return replace(
        archive,
        dialects=dialects,
        pseudonyms=names,
        are_names_known=are_known and fields.is_readable,
    )


def _read_pseudonyms(fields: Fields) -> tuple[Names, bool]:
    """Read names and their pseudonyms, and whether all names could be read.

    Incomplete pairs are reported. A name without a valid pseudonym is replaced nevertheless.
    """
    names, before = [], len(fields.problems)
    entries = list(fields.sections("pseudonyms"))
    are_known = len(fields.problems) == before and "pseudonyms" not in fields.doubled
    for entry in entries:
        name, shown = entry.text("name"), entry.text("shown_as")
        if not (name and shown):
            cause = _("化名要有 name（真名）和 shown_as（写成什么）两项")
            entry.report_key("name", cause, _("补上缺的一项"))
        several = split_names(name)
        names += [(one, shown or ANONYMOUS) for one in several]
        are_known = are_known and bool(several)
        entry.finish()
    return tuple(names), are_known


def _read_destination(fields: Fields) -> Destination:
    default = Destination()
    where = Destination(
        folder=fields.text("to"),
        branch=fields.text("branch"),
        remote=fields.text("remote", default.remote),
        rsync=fields.text("rsync"),
    )
    fields.finish()
    return where


def _read_dialects(fields: Fields, archive: Archive) -> tuple[tuple[str, Recogniser], ...]:
    """Read the recognisers of single languages; missing values are the archive's."""
    dialects = []
    for language in (MANDARIN, WU, MIXED):
        if language in fields:
            own = fields.section(language, {})
            engine = own.text("engine", archive.engine)
            model = own.text("model", archive.model)
            recogniser = Recogniser(engine, model, _read_server(own) or archive.server)
            dialects.append((language, recogniser))
            own.finish()
    fields.finish()
    return tuple(dialects)


def _read_server(fields: Fields) -> str:
    """Read the URL of a server. An invalid one is kept, so that no other server is used."""
    server = fields.text("server")
    if server and not server.startswith(("http://", "https://")):
        fields.report_key(
            "server",
            _("识别服务的地址 “{server}” 看不懂").format(server=server),
            _("写成 http://192.168.1.5:8000 的样子"),
        )
    return server
