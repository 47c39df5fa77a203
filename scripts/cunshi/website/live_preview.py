"""Notices what people change while they look at the site, and has it made again."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from watchfiles import Change, watch

from cunshi.archive.project import Project
from cunshi.core.files import is_hidden, is_ignored

_LOOK_AGAIN = 500  # milliseconds between two looks at mkdocs.yml and at whether to stop
_SETTLE = 800  # milliseconds in which further changes count as the same one


class Preview:
    """Watches a project in a thread of its own and counts how often its site was made again.

    ``watching`` is set once no change can be missed any more. ``remake`` is told whether
    recordings/ has changed and says whether the site is a new one; what it raises ends the
    watching, so it has to report failures itself.
    """

    def __init__(self, project: Project, remake: Callable[[bool], bool]):
        self.version = 0
        self.watching = threading.Event()
        self._project, self._remake = project, remake
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
            watch_filter=_matters,
            debounce=_SETTLE,
            stop_event=self._stop,
            rust_timeout=_LOOK_AGAIN,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            self.watching.set()
            # Editors put a new file in the place of the old one, which ends a watch on one file.
            now = _stamp(settings)
            if (changes or now != stamp) and self._remake(self._has_recordings(changes)):
                self.version += 1
            stamp = now

    def _has_recordings(self, changes: Iterable[tuple[Change, str]]) -> bool:
        return any(Path(path).is_relative_to(self._project.recordings) for __, path in changes)


def _matters(change: Change, path: str) -> bool:
    """Whether a person may have done it: not locks, nor what is still being written."""
    near = Path(*Path(path).parts[-2:])
    return not (is_hidden(near) or is_ignored(near.name) or near.name.endswith("~"))


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0
