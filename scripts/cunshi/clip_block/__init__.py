"""The name under which a village's mkdocs.yml asks for the clip extension of Python-Markdown."""

from cunshi.website.markdown_clip import makeExtension

__all__ = ["makeExtension"]
