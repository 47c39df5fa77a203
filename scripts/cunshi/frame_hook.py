"""A hook of MkDocs: it makes frames instead of pages, and copies nothing.

``cunshi.site`` asks for it in the settings that it adds to mkdocs.yml; without it MkDocs makes the
same site by itself, only more slowly. It imports nothing of Cunshi.
"""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


class _MadeElsewhere(File):
    """A file that is there to link to; neither rendered nor copied."""

    def is_documentation_page(self) -> bool:
        """A page would be rendered."""
        return False

    def copy_file(self, dirty: bool = False) -> None:
        """Whoever made the file also brings it into the site."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by MkDocs when it has found the files of the source."""
    frames, pages = config.extra["frames"], dict.fromkeys(config.extra["pages"])
    folders = {path.partition("/")[0] for path in frames}
    for file in list(files):
        if file.src_dir != config.docs_dir:
            continue
        if not file.is_documentation_page():
            file.__class__ = _MadeElsewhere
        elif file.src_uri not in pages or _is_framed(file.src_uri, folders):
            files.remove(file)
    for path in pages:  # which may be written while MkDocs is at work
        if _is_framed(path, folders):
            placed = (path, None, config.site_dir, config.use_directory_urls)
            files.append(_MadeElsewhere(*placed, dest_uri=File(*placed).dest_uri))
    for path, text in frames.items():
        files.append(File.generated(config, path, content=text))
    return files


def _is_framed(path: str, folders: set[str]) -> bool:
    folder, __, name = path.partition("/")
    return folder in folders and name != "index.md"
