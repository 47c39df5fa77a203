"""Forms to print: a consent form, and a form for notes during the recording."""

from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from cunshi.catalogue.templating import render_html
from cunshi.core.text import duration
from cunshi.domain.consent import ARCHIVE, LESSON, SOCIAL, TRANSCRIPTION, USES, WEBSITE
from cunshi.domain.recording import Description, Kind
from cunshi.domain.settings import MANDARIN, MIXED, WU
from cunshi.review.api import ApiRequest, route
from cunshi.review.context import Desk

# The forms are in Chinese like the site, for the people who sign them.
_LANGUAGES = ((MANDARIN, "普通话"), (WU, "本地话"), (MIXED, "两种都说"))


@dataclass(frozen=True)
class _Use:
    label: str
    sentence: str


def _uses(sends: bool) -> list[_Use]:
    """Return the uses in the order of the form, in words for reading aloud."""
    where = "" if sends else "听写用我们自己的电脑，不交给别的公司。"
    sentences = {
        ARCHIVE: ("存档", "录音原样存在档案库里，长期保存，不公开。不同意这一项，录音就还给您。"),
        TRANSCRIPTION: ("转写", f"把您说的话写成文字。先由电脑听写，再由人对着录音改。{where}"),
        LESSON: ("课程", "剪成小段，老师在课上放给学生听；也会放进学校用的 U 盘。"),
        WEBSITE: ("网站", "放在村史网站上。不管是谁，在哪里，都能听到、看到、存下来。"),
        SOCIAL: (
            "社交媒体",
            "剪成小段，发到公众号、短视频。那里是别家公司的地方，怎么传我们管不了。",
        ),
    }
    return [_Use(*sentences[use]) for use in USES]


def routes(desk: Desk) -> list[Route]:
    """Return the routes of the forms, blank or filled in for a recording."""

    def consent(ask: ApiRequest) -> Response:
        return _form(desk, "form_consent", ask.path.get("id", ""))

    def collection(ask: ApiRequest) -> Response:
        return _form(desk, "form_collection", ask.path.get("id", ""))

    return [
        route("GET", "/forms/consent", consent),
        route("GET", "/forms/consent/{id}", consent),
        route("GET", "/forms/collection", collection),
        route("GET", "/forms/collection/{id}", collection),
    ]


def _form(desk: Desk, template: str, recording_id: str) -> Response:
    recording = desk.recording(recording_id) if recording_id else None
    archive = desk.project.read_archive([])
    page = render_html(
        template,
        archive=archive,
        said=recording.description if recording else Description(),
        motto=recording is not None and recording.kind is Kind.MOTTO,
        duration=duration(recording.technical.duration) if recording else "",
        original_name=recording.original_name if recording else "",
        recording_id=recording_id,
        uses=_uses(archive.sends),
        languages=_LANGUAGES,
        back=f"/record/{quote(recording_id)}" if recording_id else "/",
    )
    return HTMLResponse(page)
