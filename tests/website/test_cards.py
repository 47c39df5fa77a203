"""Social cards: their text, and when they are drawn."""

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageFont

from cunshi.archive.project import Project
from cunshi.domain.village import Place
from cunshi.website import social_cards
from cunshi.website.social_cards import Box, Face, SocialCard, cards_of, find_face, fit, make_cards
from support.pages import hostile_catalogue, make_catalogue, make_lesson
from support.village import tree

Told = tuple[Project, str, str]
Run = Callable[..., tuple[int, str]]
CARD = SocialCard("lessons/01.md", "村名的来历", "第一课　金村村", "村史")
ADDRESS = "site_url: https://village.example/\n"


@pytest.fixture
def face() -> Face:
    found = find_face()
    if found is None:
        pytest.skip("no Chinese font is installed")
    return found


def go_online(project: Project) -> None:
    settings = project.root / "mkdocs.yml"
    settings.write_text(ADDRESS + settings.read_text("utf-8"), "utf-8")


def pictures(project: Project) -> set[str]:
    return {p.relative_to(project.site).as_posix() for p in project.site.glob("cards/**/*.png")}


def test_home_lessons_and_places_have_a_card() -> None:
    places = (
        Place("金村村", "jincun", 50, 30, True, "金村村", (), ()),
        Place("老街", "laojie", 20, 20, False, "金村村", (), ()),
    )
    catalogue = make_catalogue(lessons=[(make_lesson(title="村名的来历"), ())])
    course = replace(catalogue.course, title="村史课", subtitle="听老人讲", places=places)
    made = {card.path: card for card in cards_of(replace(catalogue, course=course))}
    assert made["cards/index.png"].title == "村史课"
    assert made["cards/index.png"].kicker == "听老人讲"
    lesson = made["cards/lessons/01.png"]
    assert (lesson.title, lesson.kicker, lesson.site) == ("村名的来历", "第一课　金村村", "村史课")
    assert made["cards/villages/jincun.png"].kicker == "村子"
    assert made["cards/villages/laojie.png"].kicker == "古迹和风物　金村村"


TITLES = (
    "村名的来历",
    "从黄泗浦到张家港：一个港口，说不完的五千年故事",
    "“家”是什么？“家”是奶奶的灶头，是爷爷的一句“回来啦”。",
    "唱春、打莲湘、挑花担（《金村志》）、《沙洲县志》、走三桥……都还在！",
    "长" * 500,
    "https://village.example/" + "a" * 200,
    "",
)


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("width", [1032, 700])
def test_a_title_fits_its_box_and_breaks_where_it_may(face: Face, title: str, width: int) -> None:
    box = Box(width, 185, 2, 96, 44)
    lines, size = fit(title, face, box)
    assert 1 <= len(lines) <= 2
    assert max(face.at(size).getlength(line) for line in lines) <= width
    assert not any(line.startswith(tuple("，。、；：！？”）》…")) for line in lines[1:])
    assert not any(line.endswith(tuple("“（《")) for line in lines)
    whole = "".join(lines)
    assert whole == title or (whole.endswith("…") and title.startswith(whole[:-1]))


def test_a_title_is_cut_only_when_the_smallest_type_has_no_room(face: Face) -> None:
    box = Box(1032, 185, 2, 96, 44)
    assert fit("村名的来历", face, box) == (["村名的来历"], 96)
    lines, size = fit("字" * 40, face, box)
    assert ("".join(lines), size < 60) == ("字" * 40, True)
    assert fit("字" * 60, face, box)[0][-1].endswith("…")


def test_a_long_title_breaks_after_a_clause_into_lines_of_one_length(face: Face) -> None:
    box = Box(1032, 185, 2, 96, 44)
    assert fit("五千年前的塘桥人，怎样种稻和造房子", face, box)[0][0] == "五千年前的塘桥人，"
    first, second = fit("字" * 20, face, box)[0]
    assert abs(len(first) - len(second)) <= 2


def test_a_card_is_small_and_says_other_things_for_another_page(face: Face, tmp_path: Path) -> None:
    other = replace(CARD, page="lessons/02.md", title="四面环水的老街")
    make_cards(tmp_path, [CARD, other], face)
    first, second = ((tmp_path / card.path).read_bytes() for card in (CARD, other))
    assert first != second
    assert max(len(first), len(second)) < 120_000
    with Image.open(tmp_path / CARD.path) as image, Image.open(social_cards._GROUND) as ground:
        assert image.size == (1200, 630)
        sky = (60, 180, 1140, 360)
        assert len(image.convert("RGB").crop(sky).getcolors()) > 4
        assert len(ground.convert("RGB").crop(sky).getcolors()) == 1


def test_a_card_is_drawn_anew_only_for_a_reason(
    face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    draw = social_cards._draw

    def spy(card: SocialCard, face: Face) -> Image.Image:
        drawn.append(card.title)
        return draw(card, face)

    monkeypatch.setattr(social_cards, "_draw", spy)
    make_cards(tmp_path, [CARD], face)
    before = (tmp_path / CARD.path).read_bytes()
    make_cards(tmp_path, [CARD], face)
    assert drawn == [CARD.title]
    make_cards(tmp_path, [replace(CARD, title="村名")], face)
    assert drawn[1:] == ["村名"]
    (tmp_path / CARD.path).write_bytes(before[:200])
    make_cards(tmp_path, [CARD], face)
    assert (tmp_path / CARD.path).read_bytes() == before


def test_a_file_that_is_no_chinese_font_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    latin = ImageFont.load_default(20).path  # Pillow's own, without Chinese.
    broken, other = tmp_path / "broken.ttc", tmp_path / "latin.ttf"
    broken.write_bytes(b"no font")
    other.write_bytes(latin.getvalue())
    assert Face(other).at(20).getlength("village") > 20
    monkeypatch.setattr(social_cards, "_FONTS", (str(broken), str(other), "missing.ttc"))
    assert find_face() is None


def test_of_the_fonts_in_a_file_the_simplified_one_is_taken(face: Face) -> None:
    names = []
    for index in itertools.count():
        try:
            names.append(replace(face, index=index).at(20).getname()[0])
        except OSError:
            break
    if any(name.endswith(" SC") for name in names):
        assert names[face.index].endswith(" SC")


def test_the_site_has_cards_where_it_has_an_address_and_a_font(
    told: Told, run: Run, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, *__ = told
    assert pictures(project) == set()
    go_online(project)
    assert run(project, "site")[0] == 0
    made = pictures(project)
    assert "cards/index.png" in made
    villages = [name for name in made if name.startswith("cards/villages/")]
    assert villages
    for name in made:
        page = (project.site / name.removeprefix("cards/")).with_suffix(".html").read_text("utf-8")
        address = f"https://village.example/{name}"
        assert f'<meta property="og:image" content="{address}">' in page
        assert f'<meta itemprop="image" content="{address}">' in page
    shared = "https://village.example/images/card.png"
    assert shared in (project.site / "about.html").read_text("utf-8")
    once = tree(project.site)
    assert run(project, "site")[0] == 0
    assert tree(project.site) == once
    monkeypatch.setattr("cunshi.website.social_cards.find_face", lambda: None)
    assert run(project, "site")[0] == 0
    assert pictures(project) == set()
    assert shared in (project.site / "index.html").read_text("utf-8")


def test_what_people_wrote_cannot_stop_a_card(face: Face, tmp_path: Path) -> None:
    made = cards_of(hostile_catalogue())
    make_cards(tmp_path, made, face)
    assert all((tmp_path / card.path).is_file() for card in made)
    assert all(tmp_path in (tmp_path / card.path).resolve().parents for card in made)


def test_a_pack_for_a_usb_stick_has_no_cards(told: Told, run: Run, face: Face) -> None:
    project, *__ = told
    go_online(project)
    shutil.rmtree(project.site)
    assert run(project, "pack")[0] == 0
    assert (project.classroom.site / "index.html").is_file()
    assert pictures(project.classroom) == set()
