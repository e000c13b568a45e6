"""Pages in Persian have the commands of the English ones."""

import re

import pytest

from tts.project_files import REPOSITORY

BLOCK = re.compile(r"^```bash\n(.*?)^```", re.M | re.S)


def comments(page: str) -> set[str]:
    """Return the comments beside a page's commands: sizes, durations, what is installed."""
    blocks = BLOCK.findall((REPOSITORY / page).read_text(encoding="utf-8"))
    return {found for block in blocks for found in re.findall(r"\s# (.*)", block)}


@pytest.mark.parametrize("page", ["README.fa.md", "docs/README.fa.md"])
def test_commands_in_persian_pages_say_what_the_english_pages_say(page: str) -> None:
    found = comments(page)
    assert found, page
    assert found <= comments("README.md") | comments("docs/README.md")
