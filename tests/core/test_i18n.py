"""Messages in two languages: catalogues are complete and compiled."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from cunshi import cli
from support.village import ROOT

PACKAGE = ROOT / "scripts" / "cunshi"
LOCALE = PACKAGE / "core" / "locale"
COMMANDS = ["", *sorted(cli.cli.commands)]
HAN = re.compile(r"[\u3400-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+")  # three words on end


def catalogue(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "cunshi.po").open("rb") as stream:
        return read_po(stream, locale=language)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{\w*", text))


def flat(text: "str | Iterable[str]") -> list[str]:
    return [text] if isinstance(text, str) else list(text)


# Runs several commands one after another, and prints the output of each as JSON.
PROGRAM = """
import contextlib, io, json, sys
from cunshi import cli
printed = []
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
        with contextlib.suppress(SystemExit):
            cli.main(words)
    printed.append(said.getvalue())
json.dump(printed, sys.stdout)
"""
HELP = [[*filter(None, [command]), "--help"] for command in COMMANDS]
MISTAKES = [["biuld"], ["serve", "--port", "x"], ["status", "more"]]
FAILURE = ["--root", str(PACKAGE), "status"]


@cache
def all_said(locale: str) -> dict[tuple[str, ...], str]:
    """Return what each command prints; they run in one process, which takes a second to start."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    commands = [*HELP, *MISTAKES, FAILURE]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        env=inherited | {"LANG": locale, "PYTHONUTF8": "1", "PYTHONPATH": str(PACKAGE.parent)},
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert not done.stderr
    return dict(zip(map(tuple, commands), json.loads(done.stdout), strict=True))


def say(locale: str, *words: str) -> str:
    return all_said(locale)[words]


def test_every_message_is_in_the_english_catalogue_and_no_other() -> None:
    in_code = {found[2] for found in extract_from_dir(PACKAGE, keywords={"_": None})}
    assert {m.id for m in catalogue("en") if m.id} == in_code


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_translation_is_finished(language: str) -> None:
    messages = [m for m in catalogue(language) if m.id]
    assert messages
    for message in messages:
        assert all(flat(message.string)), message.id
        assert not message.fuzzy, message.id
    assert not catalogue(language).obsolete


def test_english_says_as_much_as_chinese() -> None:
    for message in catalogue("en"):
        assert placeholders(str(message.id)) == placeholders(str(message.string)), message.id
        assert not HAN.search(str(message.string)), message.id


def test_chinese_for_click_asks_for_nothing_that_click_does_not_give() -> None:
    for message in catalogue("zh"):
        given = {name for form in flat(message.id) for name in placeholders(form)}
        for form in flat(message.string):
            assert placeholders(form) <= given, message.id


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_compiled_catalogue_is_up_to_date(language: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    path = LOCALE / language / "LC_MESSAGES" / "cunshi.mo"
    assert path.read_bytes() == compiled.getvalue(), "see CONTRIBUTING.md"


@pytest.mark.parametrize("locale", ["en_US.UTF-8", "C.UTF-8", "zh_CN.UTF-8"])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_in_one_language(command: str, locale: str) -> None:
    printed = say(locale, *filter(None, [command]), "--help")
    assert printed.count("\n") > 4
    other = HAN if locale.startswith("en") else ENGLISH
    assert not other.search(printed), printed


@pytest.mark.parametrize("words", MISTAKES)
def test_usage_errors_are_in_one_language(words: list[str]) -> None:
    assert not ENGLISH.search(say("zh_CN.UTF-8", *words))
    assert not HAN.search(say("en_US.UTF-8", *words))


def test_a_failure_is_told_in_the_language_asked_for() -> None:
    assert "不是村史项目" in say("C.UTF-8", *FAILURE)
    assert not HAN.search(say("en_US.UTF-8", *FAILURE))
