"""Hooks of the site's build: pages from voices, CHANGELOG, configs and docstrings."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))
from config_pages import config_page
from python_pages import python_page

ROOT = Path(__file__).parents[2]
# pages of parts that a version may lack; every other page of the navigation must exist
OPTIONAL = {"export.md", "server.md", "synthesis.md", "masked_codec.md", "README.fa.md"}


def on_config(config: Any) -> Any:
    """Leave optional pages that do not exist out of the navigation."""
    config["nav"] = list(_existing(config["nav"], Path(config["docs_dir"])))
    return config


def _existing(entries: list[Any], docs: Path) -> Iterator[Any]:
    for entry in entries:
        if isinstance(entry, dict):
            [(title, target)] = entry.items()
            if isinstance(target, list):
                yield {title: list(_existing(target, docs))}
                continue
            if target in OPTIONAL and not (docs / target).is_file():
                continue
        yield entry


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    pages = {"changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")}
    for card in sorted((ROOT / "voices").glob("*/README.md")):
        pages[f"voices/{card.parent.name}.md"] = card.read_text(encoding="utf-8")
    pages["reference/configs.md"] = config_page(ROOT / "conf")
    pages["reference/python.md"] = python_page(ROOT / "src" / "tts")
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links that are right in the repository into links of the site."""
    up = "../" * page.file.src_uri.count("/")
    markdown = re.sub(r"\]\((?:\.\./)+voices/(\w+)/README\.md", rf"]({up}voices/\1.md", markdown)
    markdown = re.sub(r"\]\((?:\.\./)+CHANGELOG\.md", f"]({up}changelog.md", markdown)
    markdown = re.sub(r"\]\((?:\.\./)*docs/", f"]({up}", markdown)
    if page.file.src_uri == "changelog.md":
        markdown = re.sub(r"\]\(voices/(\w+)/README\.md", r"](voices/\1.md", markdown)
    return markdown
