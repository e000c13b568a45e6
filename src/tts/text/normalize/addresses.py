"""E-mail and web addresses, read with each language's words for their marks."""

import re
from collections.abc import Mapping

from tts.text.normalize.shared_rules import Rule, rule

# endings that make "name.ending" an address without a scheme, "www." or an at sign
_ENDINGS = (
    "(?i:com|org|net)|edu|gov|info|biz|online|shop|blog|app|dev|io|ai|co|tv|eu|de|at|ch|fr|be|nl|"
    "es|it|pt|pl|ru|uk|us|ca|au|br|mx|ar|cl|cn|jp|kr|ir|se|no|dk|fi|cz|sk|hu|ro|gr|tr|ua|lu|li|рф"
)
_LABEL = r"[^\W_](?:[\w-]*\w)?"
_ADDRESS = re.compile(
    rf"""(?<![\w.@/-])
    (?: (?:https?|ftp)://(?P<any>(?:{_LABEL}\.)*{_LABEL})
      | (?P<mail>\w[\w.+%-]*@(?:{_LABEL}\.)+[^\W\d_]{{2,}})
      | (?P<www>www\.(?:{_LABEL}\.)*[^\W\d_]{{2,}})
      | (?P<host>(?:{_LABEL}\.)*[^\W_][\w-]*\w\.(?:{_ENDINGS}))(?![\w-]|\.\w)
    )
    (?P<path>(?::\d+)?(?:[/?\#][^\s"()<>]*)?)""",
    re.VERBOSE,
)
_MARKS = ".@/?=&#:_~+%-"
_CAN_HOLD_ADDRESS = re.compile(r"[\w\s][.@]\w|^\.\w|://\w")


def addresses(words: Mapping[str, str]) -> Rule:
    """Read ``anna@beispiel.de`` and ``example.com/a_b?id=3`` with the ``words`` of their marks.

    ``words``: of ``. @ / - _`` and, as far as they are read, of ``? = & # : ~ + % www``.
    """
    marks = re.compile("|".join(re.escape(mark) for mark in _MARKS if mark in words))
    letters = words.get("www", "w w w")

    def spell(match: re.Match[str]) -> str:
        address = match["any"] or match["mail"] or match["www"] or match["host"]
        path = match["path"]
        tail = path.rstrip("/.,:;!?'")
        end = path[len(tail) :].lstrip("/")
        address = re.sub(r"^www\.", f"{letters}.", address) + tail
        return marks.sub(lambda mark: f" {words[mark[0]]} ", address) + end

    suffix = rule(r"(?<![\w.)\"'])\.(?=[^\W\d_]{2})", f" {words['.']} ")  # .NET, a .pdf

    def read(text: str) -> str:
        return suffix(_ADDRESS.sub(spell, text)) if _CAN_HOLD_ADDRESS.search(text) else text

    return read
