"""What every kind of destination has to hold to: a new one needs a place in support/places.py."""

import shutil
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import ConfigurationError, SiteError
from cunshi.domain.settings import Destination
from cunshi.publishing.changes import Changes
from cunshi.publishing.destinations import PUBLISHERS, open_publisher, publish_to, roll_back
from support.places import PLACES, Place, write_site
from support.village import tree

pytestmark = pytest.mark.slow

each = pytest.mark.parametrize("place", PUBLISHERS, indirect=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that has nothing but a site."""
    root = tmp_path / "projects" / "village"
    for name in ("archive", "courses"):
        (root / name).mkdir(parents=True)
    (root / "mkdocs.yml").touch()
    write_site(root / "build" / "site", "一", "a", "b")
    return Project.at(root)


@pytest.fixture
def place(
    request: pytest.FixtureRequest, project: Project, monkeypatch: pytest.MonkeyPatch
) -> Place:
    return PLACES[request.param](project.root, monkeypatch)


def beside(project: Project) -> dict[str, bytes]:
    """All files beside the project, where the places are."""
    folder = project.root.parent
    return {path: data for path, data in tree(folder).items() if not path.startswith("village/")}


def test_each_kind_of_destination_can_be_named_and_has_a_place_to_be_tested_with() -> None:
    assert list(PLACES) == list(PUBLISHERS)
    for kind in PUBLISHERS:
        assert Destination(**{kind: "x"}).kind == kind
    assert Destination().kind == ""


@each
def test_a_dry_run_names_the_changes_and_changes_nothing(project: Project, place: Place) -> None:
    before = beside(project)
    done = publish_to(project, place.destination, "", dry_run=True)
    assert done.changes == Changes(appear=tuple(sorted(tree(project.site))))
    assert done.made == ""
    assert place.served() == {}
    assert beside(project) == before


@each
def test_the_files_of_the_site_are_served_and_no_others(project: Project, place: Place) -> None:
    done = publish_to(project, place.destination, "")
    assert done.made and done.changes.appear
    assert place.served() == tree(project.site)


@each
def test_the_same_site_is_not_published_again(project: Project, place: Place) -> None:
    publish_to(project, place.destination, "")
    before = beside(project)
    done = publish_to(project, place.destination, "")
    assert (done.changes, done.made) == (Changes(), "")
    assert beside(project) == before


@each
def test_what_is_changed_or_removed_here_is_there_too(project: Project, place: Place) -> None:
    publish_to(project, place.destination, "")
    (project.site / "recordings" / "b.html").unlink()
    (project.site / "index.html").write_text("二", "utf-8")
    (project.site / "音 频").mkdir()
    (project.site / "音 频" / "一 二.txt").write_text("三", "utf-8")
    expected = Changes(("音 频/一 二.txt",), ("index.html",), ("recordings/b.html",))
    assert publish_to(project, place.destination, "", dry_run=True).changes == expected
    assert publish_to(project, place.destination, "").changes == expected
    assert place.served() == tree(project.site)


@each
def test_what_others_keep_there_is_left_alone(project: Project, place: Place) -> None:
    place.occupy()
    before = beside(project)
    for dry_run in (True, False):
        with pytest.raises(SiteError, match="不会覆盖"):
            publish_to(project, place.destination, "", dry_run=dry_run)
    assert beside(project) == before


@each
def test_no_publication_comes_back_that_shows_what_is_withdrawn(
    project: Project, place: Place
) -> None:
    publish_to(project, place.destination, "")
    shutil.rmtree(project.site)
    write_site(project.site, "二", "a")
    publish_to(project, place.destination, "")
    with pytest.raises((SiteError, ConfigurationError)):
        roll_back(project, place.destination, {"a"}, "")
    assert place.served() == tree(project.site)


def test_without_a_destination_it_says_how_to_name_one(project: Project) -> None:
    with pytest.raises(ConfigurationError, match="没有说哪个文件夹"):
        open_publisher(project.root, Destination())
