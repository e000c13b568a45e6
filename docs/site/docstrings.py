"""Docstrings as Markdown: examples become code, roles such as a class's become code alone."""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"(?:^>>> .*\n?(?:^(?!>>> |$).*\n?)*)+", re.M)
ROLE = re.compile(r":(?:class|func|meth|mod|data|attr):`~?([^`]+)`")


class MarkdownDocstrings(griffe.Extension):
    """Rewrite each docstring when its object is found."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            text = ROLE.sub(r"`\1`", obj.docstring.value)
            fenced = EXAMPLE.sub(lambda m: f"```pycon\n{m[0].rstrip()}\n```\n", text)
            obj.docstring.value = fenced
