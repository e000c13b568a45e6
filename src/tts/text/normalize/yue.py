"""Cantonese text normalization: numbers are written as in Mandarin."""

from tts.text.normalize.cmn import ABBREVIATIONS, rules

__all__ = ["ABBREVIATIONS", "rules"]
