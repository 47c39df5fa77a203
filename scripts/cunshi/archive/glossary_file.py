"""Read archive/glossary.yml, the local terms."""

from pathlib import Path

from cunshi.core.errors import ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import Fields, load_fields, parse_fields
from cunshi.domain.glossary import Term


def read_glossary(path: Path, where: str, problems: list[Problem]) -> tuple[Term, ...]:
    """Read archive/glossary.yml: the terms under ``terms``."""
    return _read_terms(load_fields(path, where, problems))


def parse_glossary(text: str, where: str, problems: list[Problem]) -> tuple[Term, ...]:
    """Parse the text of a glossary.yml."""
    return _read_terms(parse_fields(text, where, problems))


def _read_terms(fields: Fields) -> tuple[Term, ...]:
    terms = tuple(_read_term(entry) for entry in fields.sections("terms"))
    fields.finish()
    seen: set[str] = set()
    for term in terms:
        if term.term in seen:
            cause = _("词语 “{term}” 写了两次").format(term=term.term)
            problem = Problem(ExitCode.RECORD, fields.where, cause, _("合并成一条"))
            fields.problems.append(problem)
        seen.add(term.term)
    return tuple(term for term in terms if term.term)


def _read_term(fields: Fields) -> Term:
    term = Term(
        term=fields.text("term"),
        kind=fields.text("kind"),
        meaning=fields.text("meaning"),
        village=fields.text("village"),
        pinyin=fields.text("pinyin"),
        heard_as=fields.texts("heard_as"),
    )
    if not term.term or not term.meaning:
        fields.report_key("term", _("词语要有 term 和 meaning 两项"))
    fields.finish()
    return term
