"""Dutch words: months, abbreviations, units, currencies, symbols."""

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.shared_rules import Currency

MONTHS = [
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
    "oktober", "november", "december",
]  # fmt: skip

ABBREVIATIONS = Abbreviations({Kind.INSIDE: {
    "dhr.": "de heer", "Dhr.": "De heer", "Mevr.": "Mevrouw", "mevr.": "mevrouw",
    "mw.": "mevrouw", "dr.": "doctor", "Dr.": "Doctor",
    "prof.": "professor", "Prof.": "Professor", "ir.": "ingenieur", "ing.": "ingenieur",
    "mr.": "meester", "drs.": "doctorandus", "bijv.": "bijvoorbeeld", "bv.": "bijvoorbeeld",
    "b.v.": "bijvoorbeeld", "d.w.z.": "dat wil zeggen", "enz.": "enzovoort", "etc.": "et cetera",
    "o.a.": "onder andere", "m.b.t.": "met betrekking tot", "t.o.v.": "ten opzichte van",
    "i.p.v.": "in plaats van", "i.v.m.": "in verband met", "a.u.b.": "alstublieft",
    "n.a.v.": "naar aanleiding van", "m.a.w.": "met andere woorden", "nr.": "nummer",
    "Nr.": "Nummer", "blz.": "bladzijde", "p.": "pagina", "ca.": "circa", "St.": "Sint",
    "jl.": "jongstleden", "v.Chr.": "voor Christus", "v. Chr.": "voor Christus",
    "n.Chr.": "na Christus", "n. Chr.": "na Christus", "tel.": "telefoon", "incl.": "inclusief",
    "excl.": "exclusief",  "evt.": "eventueel",
    "resp.": "respectievelijk", "zgn.": "zogenaamde", "mld.": "miljard", "mln.": "miljoen",
}})  # fmt: skip

UNITS = {
    "km": ("kilometer",) * 2, "m": ("meter",) * 2, "cm": ("centimeter",) * 2,
    "mm": ("millimeter",) * 2, "μm": ("micrometer",) * 2, "nm": ("nanometer",) * 2,
    "kg": ("kilogram",) * 2, "g": ("gram",) * 2, "mg": ("milligram",) * 2, "t": ("ton",) * 2,
    "l": ("liter",) * 2, "ml": ("milliliter",) * 2, "ms": ("milliseconde", "milliseconden"),
    "s": ("seconde", "seconden"), "sec": ("seconde", "seconden"), "min": ("minuut", "minuten"),
    "h": ("uur",) * 2, "u": ("uur",) * 2, "Hz": ("hertz",) * 2, "kHz": ("kilohertz",) * 2,
    "MHz": ("megahertz",) * 2, "GHz": ("gigahertz",) * 2, "W": ("watt",) * 2,
    "kW": ("kilowatt",) * 2, "MW": ("megawatt",) * 2, "kWh": ("kilowattuur",) * 2,
    "V": ("volt",) * 2, "dB": ("decibel",) * 2, "kB": ("kilobyte",) * 2, "MB": ("megabyte",) * 2,
    "GB": ("gigabyte",) * 2, "TB": ("terabyte",) * 2, "km/u": ("kilometer per uur",) * 2,
    "km/h": ("kilometer per uur",) * 2, "m/s": ("meter per seconde",) * 2,
    "m²": ("vierkante meter",) * 2, "km²": ("vierkante kilometer",) * 2,
    "m³": ("kubieke meter",) * 2, "°C": ("graden Celsius",) * 2,
    "°F": ("graden Fahrenheit",) * 2, "°": ("graad", "graden"), "%": ("procent",) * 2,
}  # fmt: skip

CURRENCIES = {
    "€": Currency("euro", "euro", "cent", "cent"),
    "$": Currency("dollar", "dollar", "cent", "cent"),
    "£": Currency("pond", "pond", "penny", "pence"),
    "¥": Currency("yen", "yen", "sen", "sen"),
}

SYMBOLS = {
    "&": "en", "%": "procent", "+": "plus", "=": "is", "@": "at", "#": "hekje", "°": "graden",
    "€": "euro", "$": "dollar", "£": "pond", "¥": "yen", "¢": "cent", "§": "paragraaf",
    "<": "kleiner dan", ">": "groter dan", "×": "maal", "÷": "gedeeld door", "±": "plus of min",
    "−": "min", "²": "kwadraat", "³": "tot de derde", "/": "schuine streep", "⁄": "gedeeld door",
}  # fmt: skip
