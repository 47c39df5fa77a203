"""Read the glossary, and add terms without changing other bytes of the file."""

from dataclasses import asdict
from typing import Any

import yaml
from starlette.routing import Route

from cunshi.archive.glossary_file import parse_glossary
from cunshi.archive.project import Project
from cunshi.core.files import write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_edit import append_item, encode_as
from cunshi.core.yaml_fields import decode_text, read_bytes_of
from cunshi.domain.glossary import Term
from cunshi.review.api import ApiError, ApiRequest, route
from cunshi.review.context import Desk

KINDS = ("地名", "人物", "节庆", "食物", "工艺", "风物", "规矩", "书", "机构")
_KEYS = ("term", "kind", "meaning", "village", "pinyin")
_LONGEST = {"term": 40, "kind": 20, "village": 40, "pinyin": 200, "meaning": 1000}


def routes(desk: Desk) -> list[Route]:
    """Return the routes for reading and adding terms."""

    def words(ask: ApiRequest) -> dict[str, Any]:
        return _as_json(desk.project.read_glossary([]))

    def add(ask: ApiRequest) -> dict[str, Any]:
        return _as_json(add_term(desk.project, read_term(ask.body)))

    return [route("GET", "/api/glossary", words), route("POST", "/api/glossary", add)]


def _as_json(terms: tuple[Term, ...]) -> dict[str, Any]:
    used = [term.kind for term in terms if term.kind]
    return {
        "terms": [asdict(term) for term in terms],
        "kinds": list(dict.fromkeys([*KINDS, *used])),
    }


def read_term(body: Any) -> Term:
    """Parse a term in a request; ApiError 422 lists what is missing in each field."""
    if not isinstance(body, dict):
        raise ApiError(400, _("请求缺了 {name}").format(name="term"))
    texts = {key: _line(body.get(key, "")) for key in _KEYS}
    heard = body.get("heard_as", [])
    heard_as = tuple(filter(None, map(_line, heard if isinstance(heard, list) else [heard])))
    problems = _lacking(texts)
    if any(len(heard) != len(texts["term"]) for heard in heard_as):
        cause = _("“机器常听成”的字数要和词语一样")
        remedy = _("写 {count} 个字").format(count=len(texts["term"]))
        problems.append(_fault("heard_as", cause, remedy))
    if problems:
        raise ApiError(422, problems[0]["cause"], problems[0]["remedy"], problems=problems)
    return Term(**texts, heard_as=heard_as)


def _line(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _lacking(texts: dict[str, str]) -> list[dict[str, str]]:
    remedy = _("用一两句十岁孩子听得懂的话来讲")
    needed = {"term": (_("没有写词语"), ""), "meaning": (_("没有写意思"), remedy)}
    found = [_fault(key, *words) for key, words in needed.items() if not texts[key]]
    long = [key for key, most in _LONGEST.items() if len(texts[key]) > most]
    return found + [_fault(key, _("太长了"), _("写短一点")) for key in long]


def _fault(key: str, cause: str, remedy: str) -> dict[str, str]:
    return {"key": key, "cause": cause, "remedy": remedy}


def add_term(project: Project, term: Term) -> tuple[Term, ...]:
    """Add a term at the end; ApiError 409 if it exists or the file is invalid."""
    with project.writing():
        found: list[Problem] = []
        before = project.read_glossary(found)
        if found:
            where = f"{found[0].where} {found[0].line or ''}".strip()
            raise ApiError(409, f"{where}：{found[0].cause}", found[0].remedy)
        if any(term.term == other.term for other in before):
            cause = _("词语本里已经有“{term}”了").format(term=term.term)
            raise ApiError(409, cause, _("要改它的意思，用记事本打开 archive/glossary.yml"))
        _append(project, term, before)
        return project.read_glossary([])


def _append(project: Project, term: Term, before: tuple[Term, ...]) -> None:
    """Write the file with one more term, only if it can be read back unchanged otherwise."""
    path = project.glossary
    data = read_bytes_of(path) if path.exists() else b""
    text = decode_text(data, path)
    try:
        added = append_item(text, "terms", as_entry(term))
        found: list[Problem] = []
        if parse_glossary(added, "", found) != (*before, term) or found:
            raise ValueError(added)
        new = encode_as(added, text, data)
    except (ValueError, yaml.YAMLError) as error:
        cause = _("词语本的写法特别，这里加不进去")
        remedy = _("用记事本打开 archive/glossary.yml，照着别的词加")
        raise ApiError(409, cause, remedy) from error
    write_atomic(path, new)


def as_entry(term: Term) -> dict[str, Any]:
    """A word as glossary.yml has it: only the keys that say something."""
    values = asdict(term) | {"heard_as": list(term.heard_as)}
    return {key: value for key, value in values.items() if value}
