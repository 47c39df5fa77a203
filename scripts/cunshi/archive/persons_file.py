"""Read archive/persons.yml: names, pseudonyms and consents of persons."""

from dataclasses import replace
from pathlib import Path

from cunshi.archive.records import ALIASES, read_consent
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import Fields, load_fields
from cunshi.domain.consent import NO_USE, Consent
from cunshi.domain.persons.names import SHORTEST, normal_name, split_names
from cunshi.domain.persons.person import Person
from cunshi.domain.settings import ANONYMOUS

_ALIASES = ALIASES | {
    "人物": "persons",
    "名字": "names",
    "姓名": "names",
    "化名": "shown_as",
}


def read_persons(path: Path, where: str, problems: list[Problem]) -> tuple[Person, ...]:
    """Read archive/persons.yml. An invalid pseudonym or consent restricts."""
    fields = load_fields(path, where, problems, _ALIASES)
    persons = tuple(_read_person(entry) for entry in fields.sections("persons"))
    fields.finish()
    return tuple(person for person in persons if person.names)


def _read_person(fields: Fields) -> Person:
    names = tuple(name for text in fields.texts("names") for name in split_names(text))
    if not names or any(len(normal_name(name)) < SHORTEST for name in names):
        cause, remedy = _("这个人没有写名字，或名字只有一个字"), _("在 names 里写全名")
        fields.report_key("names", cause, remedy)
    shown = fields.text("shown_as")
    if not shown and "shown_as" in fields:
        shown = ANONYMOUS
    person = Person(names, shown, _read_limits(fields))
    fields.finish()
    return person


def _read_limits(fields: Fields) -> Consent:
    before = len(fields.problems)
    section = fields.section("consent")
    consent = read_consent(section)
    if "shown_as" in section:
        cause = _("shown_as 写在 names 下面，不写在 consent 里")
        section.report_key("shown_as", cause)
    if len(fields.problems) > before:
        return replace(consent, uses=(NO_USE,))  # it may be a withdrawal
    return consent
