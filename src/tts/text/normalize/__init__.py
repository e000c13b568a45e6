"""Numbers, dates, money, abbreviations and the like as words, by the rules of each language."""


def normalize(text: str, language: str) -> str:
    return text
