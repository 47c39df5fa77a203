"""Rebuild the site when its sources change during a preview."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from watchfiles import Change, watch

from cunshi.archive.project import Project
from cunshi.core.files import is_hidden, is_ignored

_POLL = 500  # milliseconds between checks of mkdocs.yml and of the stop signal
_DEBOUNCE = 800  # milliseconds in which changes are combined


class Preview:
    """Watch a project in a thread and count the rebuilds of its site.

    ``watching`` is set when changes can no longer be missed. ``rebuild`` gets whether recordings/
    has changed and returns whether the site is new. An exception from it ends the thread, so it has
    to report failures itself.
    """

    def __init__(self, project: Project, rebuild: Callable[[bool], bool]):
        self.version = 0
        self.watching = threading.Event()
        self._project, self._rebuild = project, rebuild
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preview", daemon=True)

    def __enter__(self) -> "Preview":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        project = self._project
        folders = [project.recordings, project.archive, project.courses]
        settings = project.root / "mkdocs.yml"
        stamp = _stamp(settings)
        for changes in watch(
            *(folder for folder in folders if folder.is_dir()),
            watch_filter=_is_relevant,
            debounce=_DEBOUNCE,
            stop_event=self._stop,
            rust_timeout=_POLL,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            self.watching.set()
            # Editors replace files, which would end a watch on a single file.
            now = _stamp(settings)
            if (changes or now != stamp) and self._rebuild(self._has_recordings(changes)):
                self.version += 1
            stamp = now

    def _has_recordings(self, changes: Iterable[tuple[Change, str]]) -> bool:
        return any(Path(path).is_relative_to(self._project.recordings) for __, path in changes)


def _is_relevant(change: Change, path: str) -> bool:
    """Whether a person may have done it: not locks, nor what is still being written."""
    near = Path(*Path(path).parts[-2:])
    return not (is_hidden(near) or is_ignored(near.name) or near.name.endswith("~"))


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0
