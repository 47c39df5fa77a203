"""Translation of messages: Chinese, or English where the locale asks for another language.

Chinese is the source language of every message; locale/en holds the English catalogue (gettext,
compiled with Babel).
"""

import gettext
import locale
import os
import sys
from pathlib import Path

_LOCALE_FOLDER = Path(__file__).parent / "locale"


def _locale_name() -> str:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if name := os.environ.get(variable):
            return name
    if sys.platform == "win32":
        return locale.getlocale()[0] or ""
    return ""


def language() -> str:
    """Return ``zh`` or ``en``; a locale without a language (C, POSIX, unset) means Chinese."""
    name = _locale_name().partition(".")[0].lower()
    return "zh" if name in {"", "c", "posix"} or name.startswith(("zh", "chinese")) else "en"


def _install() -> gettext.NullTranslations:
    catalogue = gettext.translation("cunshi", _LOCALE_FOLDER, [language()], fallback=True)
    # click translates its own words ("Usage:", "Options:") through the default text domain.
    gettext.bindtextdomain("cunshi", str(_LOCALE_FOLDER))
    gettext.textdomain("cunshi")
    os.environ["LANGUAGE"] = language()
    return catalogue


_ = _install().gettext
