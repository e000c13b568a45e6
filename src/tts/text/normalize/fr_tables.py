"""French words: months, abbreviations, units, currencies, symbols."""

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.shared_rules import Currency

MONTHS = [
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
]  # fmt: skip

ABBREVIATIONS = Abbreviations({Kind.INSIDE: {
    "M.": "Monsieur", "MM.": "Messieurs", "Mme": "Madame", "Mmes": "Mesdames",
    "Mlle": "Mademoiselle", "Dr": "Docteur", "Dr.": "Docteur", "Pr": "Professeur", "St": "Saint",
    "Ste": "Sainte", "etc.": "et cetera", "p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire",
    "av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ", "cf.": "confer",
    "env.": "environ", "tél.": "téléphone", "art.": "article", "chap.": "chapitre",
    "bd.": "boulevard", "av.": "avenue",
}, Kind.BEFORE_NUMBER: {"n°": "numéro", "N°": "numéro", "p.": "page", "pp.": "pages"}})  # fmt: skip

FEMININE = {"heure", "minute", "seconde", "milliseconde", "tonne", "livre"}

UNITS = {
    "km": ("kilomètre", "kilomètres"), "m": ("mètre", "mètres"), "cm": ("centimètre",
    "centimètres"), "mm": ("millimètre", "millimètres"), "μm": ("micromètre", "micromètres"),
    "nm": ("nanomètre", "nanomètres"), "kg": ("kilogramme", "kilogrammes"), "g": ("gramme",
    "grammes"), "mg": ("milligramme", "milligrammes"), "t": ("tonne", "tonnes"),
    "l": ("litre", "litres"), "ml": ("millilitre", "millilitres"), "ms": ("milliseconde",
    "millisecondes"), "s": ("seconde", "secondes"), "min": ("minute", "minutes"),
    "h": ("heure", "heures"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("mégahertz", "mégahertz"), "GHz": ("gigahertz", "gigahertz"), "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"), "MW": ("mégawatt", "mégawatts"), "kWh": ("kilowattheure",
    "kilowattheures"), "V": ("volt", "volts"), "dB": ("décibel", "décibels"),
    "Ko": ("kilooctet", "kilooctets"), "Mo": ("mégaoctet", "mégaoctets"), "Go": ("gigaoctet",
    "gigaoctets"), "km/h": ("kilomètre par heure", "kilomètres par heure"),
    "m/s": ("mètre par seconde", "mètres par seconde"), "m²": ("mètre carré", "mètres carrés"),
    "km²": ("kilomètre carré", "kilomètres carrés"), "m³": ("mètre cube", "mètres cubes"),
    "°C": ("degré Celsius", "degrés Celsius"), "°F": ("degré Fahrenheit", "degrés Fahrenheit"),
    "°": ("degré", "degrés"), "%": ("pour cent", "pour cent"),
}  # fmt: skip

CURRENCIES = {
    "€": Currency("euro", "euros", "centime", "centimes"),
    "$": Currency("dollar", "dollars", "cent", "cents"),
    "£": Currency("livre", "livres", "penny", "pence"),
    "¥": Currency("yen", "yens", "sen", "sens"),
}

SYMBOLS = {
    "&": "et", "%": "pour cent", "+": "plus", "=": "égale", "@": "arobase", "#": "dièse",
    "°": "degrés", "€": "euros", "$": "dollars", "£": "livres", "¥": "yens", "¢": "cents",
    "§": "paragraphe", "<": "inférieur à", ">": "supérieur à", "×": "fois", "÷": "divisé par",
    "±": "plus ou moins", "−": "moins", "²": "au carré", "³": "au cube", "/": "sur", "⁄": "sur",
}  # fmt: skip
