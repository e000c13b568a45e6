"""Language of texts by their most frequent words: whether they are what they are said to be."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

# the most frequent function words; a word that two languages share counts for both
_WORDS = {
    "English": "the of and to in is was that it for he with as his on be at had by are this not "
    "but from or have an they which you were her she there been their one all we would has when",
    "German": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als "
    "auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über ich "
    "war so zum aber nur oder wir haben",
    "French": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se "
    "ce il sont la avec son ou mais vous nous je elle cette été aux leur sans comme était deux",
    "Dutch": "de van een het en in is dat op te zijn voor met die niet aan er om ook als dan maar "
    "bij of uit nog naar door ze was wordt heeft hij je ik wij werd over kan dit geen deze mijn",
    "Spanish": "de la que el en y a los se del las un por con no una su para es al lo como más o "
    "pero sus le ha me si sin sobre este ya entre cuando todo esta ser son dos también fue había",
    "Italian": "di e il la che in a per un è del non i le con da si una dei sono come al più anche "
    "lo gli della ma nel alla ha o se mi su ci questo cui era suo dal quando delle molto essere",
    "Portuguese": "de a o que e do da em um para é com não uma os no se na por mais as dos como "
    "mas foi ao ele das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela",
    "Polish": "i w na z się do nie to że jest o jak po co za od tak ale przez dla są był tym już "
    "może jego tylko było jej być ich pan czy ja ze go który która które ma oraz",
    "Swedish": "och i att det som en på är av för med till den har de inte om ett han men var jag "
    "sig från så kan hon när vid efter eller hade ska nu skulle över bara mig",
    "Danish": "og i at det er en til af på som med den for der ikke de et har han var jeg men om "
    "fra kan hun så sig ved eller efter blev skal også når nu mig ud over",
    "Czech": "a se v na je že to s z do o i jsem by ale jako za po k si jeho jsou bylo tak byl "
    "pro ve jen nebo být které jak už co od podle který který při",
    "Hungarian": "a az és hogy nem is egy ez meg csak de volt mint azt már még ha el kell van vagy "
    "ki lehet én itt azonban aki után amely olyan minden",
    "Finnish": "ja on ei se että hän oli joka mutta kun ovat niin tai myös ole mitä kuin sen nyt "
    "minä vain jos hänen ollut sitä olen tämä",
    "Turkish": "ve bir bu da de için ile çok daha o olarak gibi var ne ben kadar sonra en değil mi "
    "ama olan her şey diye yok",
    "Russian": "и в не на я что он с как это а по но она к у из за его было так все от мы бы о вы "
    "же когда только меня ее для до был если или",
    "Ukrainian": "і в не на що я з він та як це до але за у ми так від його по її ви про для було "
    "є бути тільки коли або вона й",
    "Bulgarian": "и на да не се в от за че е си с ще са по като но той му го ли това до беше ми "
    "които което той има",
    "Persian": "و در به از که این را با است آن برای یک خود تا بر هم نیز شد ما او اما هر باید می",
    "Arabic": "في من على أن إلى عن هذا التي الذي لا ما مع كان هذه هو أو ذلك بعد قد كل بين لم هي",
    "Urdu": "کے میں کی ہے اور سے کا کو اس نے پر ہیں کہ وہ بھی یہ تھا ایک نہیں ہو کر تھے",
}
_TABLES = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_CODES = {
    "en": "English", "de": "German", "fr": "French", "nl": "Dutch", "es": "Spanish",
    "it": "Italian", "pt": "Portuguese", "pl": "Polish", "sv": "Swedish", "da": "Danish",
    "nb": "Danish", "cs": "Czech", "sk": "Czech", "hu": "Hungarian", "fi": "Finnish",
    "tr": "Turkish", "ru": "Russian", "uk": "Ukrainian", "bg": "Bulgarian", "fa": "Persian",
    "ar": "Arabic", "ur": "Urdu",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
MIN_WORDS = 20  # below that the shares are not reliable
MIN_SHARE = 0.15  # of frequent words in a text of the language
MIN_SHARE_UNKNOWN = 0.35  # where the given language is none of these: it can be a related one
FACTOR = 1.6  # by which another language must exceed the given one


class OtherLanguage(NamedTuple):
    """The language that texts are in, instead of theirs, and the text that shows it best."""

    name: str
    example: str


def other_language(texts: Sequence[str], language: str) -> OtherLanguage | None:
    """Return what language ``texts`` are in, if it is clearly not ``language`` (an espeak code).

    It counts the most frequent words of some twenty languages; languages in another script are
    found by their letters.
    """
    words = [_WORD.findall(text.casefold()) for text in texts]
    total = sum(map(len, words))
    if total < MIN_WORDS:
        return None
    counts = Counter(word for row in words for word in row)
    shares = {name: sum(counts[word] for word in table) / total for name, table in _TABLES.items()}
    own = _CODES.get(language.split("-")[0])
    best = max(shares, key=lambda name: shares[name])
    least = MIN_SHARE_UNKNOWN if own is None else max(MIN_SHARE, FACTOR * shares[own])
    if best == own or shares[best] < least:
        return None
    table = _TABLES[best] - _TABLES.get(own or "", frozenset())
    example = max(range(len(texts)), key=lambda i: sum(word in table for word in words[i]))
    return OtherLanguage(best, texts[example])
