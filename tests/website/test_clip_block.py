"""A clip block becomes a figure, whatever its content, and links only within the site."""

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown import markdown

from cunshi.website.markdown_clip import is_relative_url

FILLED = {
    "audio": "../clips/a-1.m4a",
    "page": "../recordings/20260112-7a994552.html#t=18.7",
    "words": "为什么叫慈乌村呢？",
    "status": "approved",
    "speaker": "金老师",
    "village": "金村村",
    "date": "2026年1月12日",
}


def block(options, content=""):
    lines = [f"    {name}: {json.dumps(value)}\n" for name, value in options.items()]
    return f"/// clip | 20260112-7a994552 0:18.7-0:34.6\n{''.join(lines)}\n{content}\n///\n"


def render(options, content=""):
    return markdown(block(options, content), extensions=["cunshi.website.markdown_clip"])


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def one(self, tag):
        (attributes,) = [attributes for name, attributes in self.found if name == tag]
        return attributes

    def names(self):
        return {name for name, _ in self.found}


def test_filled_block_is_words_player_and_source():
    page = Elements(render(FILLED))
    assert page.one("figure")["class"] == "cs-clip"
    audio = page.one("audio")
    assert audio["src"] == FILLED["audio"]
    assert audio["preload"] == "none"
    assert "controls" in audio
    assert page.one("a")["href"] == FILLED["page"]
    assert FILLED["words"] in page.text
    assert "金老师 · 金村村 · 2026年1月12日" in page.text
    assert "机器初稿" not in page.text


def test_figure_stands_alone_between_paragraphs():
    html = markdown(f"前\n\n{block(FILLED)}\n后\n", extensions=["cunshi.website.markdown_clip"])
    assert html.startswith("<p>前</p>\n<figure")
    assert html.endswith("</figure>\n<p>后</p>")


@pytest.mark.parametrize(
    ("changed", "shown", "hidden"),
    [
        ({"status": "draft"}, ["机器初稿", "慈乌村"], []),
        ({"status": "draft", "dialect": "yes"}, ["机器初稿，方言未校对"], []),
        ({"status": "edited"}, ["慈乌村"], ["机器初稿"]),
        ({"speaker": ""}, ["金村村 · 2026年1月12日"], ["金老师"]),
        ({"audio": ""}, ["慈乌村", "听完整录音"], ["<audio"]),
        ({"page": ""}, ["<audio"], ["听完整录音"]),
        ({"withheld": "没有公开"}, ["没有公开"], ["慈乌村", "<audio", "<a ", "金老师", "clips/"]),
        ({"words": "_不是_ **粗体**"}, ["_不是_ **粗体**"], ["<em>", "<strong>"]),
    ],
)
def test_what_is_shown(changed, shown, hidden):
    html = render({**FILLED, **changed})
    assert [text for text in shown if text not in html] == []
    assert [text for text in hidden if text in html] == []


def test_unfilled_block_shows_the_quotation_with_a_note():
    html = render({}, "为什么叫 *慈乌村* 呢？")
    assert "为什么叫 *慈乌村* 呢？" in html
    assert "cs-clip--bare" in html
    assert "<audio" not in html


def test_withheld_block_does_not_even_show_what_its_author_quoted():
    assert "秘密" not in render({"withheld": "没有公开"}, "秘密")


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("../clips/a-1.m4a", True),
        ("clips/a.m4a", True),
        ("../recordings/x.html#t=18.7", True),
        ("../../a%20b.html", True),
        ("", False),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("\x01javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://example.com/a.m4a", False),
        ("//example.com/a.m4a", False),
        ("\\\\example.com\\a", False),
        ("/etc/passwd", False),
        ("..//example.com", False),
        ('a.m4a" onerror="x', False),
        ("x.html#t=1:2", False),
    ],
)
def test_only_paths_in_the_site_are_urls(url, accepted):
    assert is_relative_url(url) is accepted
    html = render({**FILLED, "audio": url, "page": url})
    assert ("<audio" in html) is accepted
    assert ("<a " in html) is accepted


@given(st.dictionaries(st.sampled_from(sorted(FILLED)), st.text(max_size=40)))
def test_no_text_becomes_markup(changed):
    page = Elements(render({**FILLED, **changed}))
    names = {"p", "figure", "blockquote", "audio", "figcaption", "span", "a"}
    assert page.names() <= names
    for _, attributes in page.found:
        assert not [name for name in attributes if name.startswith("on")]
        assert ":" not in attributes.get("src", "") + attributes.get("href", "")


@pytest.mark.parametrize("name", ["words", "speaker", "village", "date", "withheld"])
def test_tags_in_an_option_are_text(name):
    html = render({**FILLED, name: "<b onclick=x>a</b>&amp;"})
    assert "&lt;b onclick=x&gt;a&lt;/b&gt;&amp;amp;" in html


def test_words_in_dialect_stand_above_what_they_mean():
    html = render({**FILLED, "mandarin": "为什么叫 <b>慈乌村</b> 呢？"})
    assert html.index(FILLED["words"]) < html.index("普通话") < html.index("慈乌村&lt;/b&gt;")
    assert '<p lang="wuu-Hans">' in html
    assert 'lang="zh-CN"' in html


# --- accounts side by side


def accounts(*blocks, title="桥是哪一年修的？"):
    text = f"前\n\n//// accounts | {title}\n\n" + "\n".join(blocks) + "\n////\n\n后\n"
    return markdown(text, extensions=["cunshi.website.markdown_clip"])


def test_accounts_stand_side_by_side_each_with_its_voice():
    html = accounts(block(FILLED), block({**FILLED, "speaker": "王阿婆", "audio": "../b.m4a"}))
    page = Elements(html)
    assert [a["src"] for tag, a in page.found if tag == "audio"] == [FILLED["audio"], "../b.m4a"]
    assert "桥是哪一年修的？" in page.text
    groups = [a for tag, a in page.found if a.get("role") == "group"]
    assert [group["aria-label"] for group in groups] == ["桥是哪一年修的？"]
    voices = html.split('<div class="cs-accounts__voices">')[1].split("</div>")[0]
    assert voices.count("<figure") == 2
    assert html.startswith("<p>前</p>")
    assert html.endswith("<p>后</p>")


def test_an_account_that_is_withheld_leaves_the_others():
    html = accounts(block(FILLED), block({"withheld": "没有公开"}))
    assert html.count("<audio") == 1
    assert "没有公开" in html


def test_the_question_of_accounts_is_text():
    html = accounts(block(FILLED), block(FILLED), title='<b onclick=x>*问*</b>"')
    assert "<b onclick" not in html
    assert "<em>" not in html
    assert "&lt;b onclick=x&gt;*问*&lt;/b&gt;" in html
