"""Chinese under espeak-ng's other codes: zh, zh-cmn, zh-yue."""

from tts.text.normalize.cmn import ABBREVIATIONS, rules

__all__ = ["ABBREVIATIONS", "rules"]
