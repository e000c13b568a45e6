"""Dutch words: months, weekdays, abbreviations, units, currencies, symbols."""

import re

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.shared_rules import Currency
from tts.text.normalize.word_lists import words

MONTHS = [
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
    "oktober", "november", "december",
]  # fmt: skip

WEEKDAYS = {
    "ma": "maandag", "di": "dinsdag", "wo": "woensdag", "do": "donderdag", "vr": "vrijdag",
    "za": "zaterdag", "zo": "zondag",
}  # fmt: skip

# op ma. 3, di. en wo., but not "Het is zo. 3 mensen"
_DAY_BEFORE = re.compile(r"(?:^|\b(?:op|en|of|van|tot|t/m|vanaf|per) |[,(/-] ?|— )$", re.IGNORECASE)


def _rejects(name: str, kind: Kind, before: str, after: str) -> bool:
    """Return whether it is a word or the end of an address: jan@voorbeeld.nl."""
    if name.rstrip(".") in WEEKDAYS:
        return _DAY_BEFORE.search(before) is None
    return name == "nl." and before.endswith("punt ")


ABBREVIATIONS = Abbreviations(
    {
        Kind.INSIDE: {
            "dhr.": "de heer", "mevr.": "mevrouw", "mw.": "mevrouw", "dr.": "doctor",
            "prof.": "professor", "ir.": "ingenieur", "ing.": "ingenieur", "drs.": "doctorandus",
            "ds.": "dominee", "bijv.": "bijvoorbeeld", "bv.": "bijvoorbeeld",
            "b.v.": "bijvoorbeeld", "d.w.z.": "dat wil zeggen", "o.a.": "onder andere",
            "m.b.t.": "met betrekking tot", "t.o.v.": "ten opzichte van", "i.p.v.": "in plaats van",
            "i.v.m.": "in verband met", "n.a.v.": "naar aanleiding van",
            "m.a.w.": "met andere woorden", "t.a.v.": "ter attentie van",
            "t.b.v.": "ten behoeve van", "t.g.v.": "ten gevolge van", "d.m.v.": "door middel van",
            "m.i.": "mijns inziens", "o.l.v.": "onder leiding van", "a.d.h.v.": "aan de hand van",
            "i.t.t.": "in tegenstelling tot", "m.m.v.": "met medewerking van", "t/m": "tot en met",
            "i.o.": "in opdracht", "z.g.": "zogenaamde", "zgn.": "zogenaamde", "zg.": "zogenaamde",
            "ca.": "circa", "resp.": "respectievelijk", "evt.": "eventueel", "incl.": "inclusief",
            "excl.": "exclusief", "vgl.": "vergelijk", "tel.": "telefoon", "ong.": "ongeveer",
            "m.n.": "met name", "max.": "maximaal", "i.c.": "in casu", "a.s.": "aanstaande",
            "vnl.": "voornamelijk", "ev.": "eventueel", "nl.": "namelijk", "mgr.": "monseigneur",
            "jhr.": "jonkheer", "wed.": "weduwe", "geb.": "geboren", "jl.": "jongstleden",
            "Zn.": "zonen", "e.v.": "en volgende", "o.m.": "onder meer", "a.h.w.": "als het ware",
            "i.h.b.": "in het bijzonder",
            "v.a.": "vanaf", "v.C.": "voor Christus", "n.C.": "na Christus",
        },
        Kind.BEFORE_NAME: {
            "St.": "Sint", "mr.": "meester", "fam.": "familie",
        },
        Kind.BEFORE_NUMBER: {
            "nr.": "nummer", "nrs.": "nummers", "blz.": "bladzijde", "p.": "pagina",
            "pag.": "pagina", "art.": "artikel", "hfst.": "hoofdstuk", "afb.": "afbeelding",
            "fig.": "figuur", "par.": "paragraaf", "vol.": "volume", "dl.": "deel",
            "§": "paragraaf", "min.": "minimaal",
            **{f"{short}.": day for short, day in WEEKDAYS.items()},
        },
        Kind.UNIT: {
            "min.": "", "sec.": "", "u.": "",
        },
        Kind.COUNTED: {
            "mln.": "miljoen", "mld.": "miljard", "jan.": "januari", "feb.": "februari",
            "febr.": "februari", "mrt.": "maart", "apr.": "april", "aug.": "augustus",
            "sept.": "september", "sep.": "september", "okt.": "oktober", "nov.": "november",
            "dec.": "december", "blz.": "bladzijden", "st.": "stuks", "pers.": "personen",
            "inw.": "inwoners",
        },
        Kind.AMBIGUOUS: {
            "B.V.": "B V", "N.V.": "N V", "V.S.": "V S", "v. Chr.": "voor Christus",
            "n. Chr.": "na Christus", "-str.": "straat",
            "a.u.b.": "alstublieft", "jr.": "junior", "sr.": "senior",
            "n.v.t.": "niet van toepassing", "e.e.a.": "een en ander", "p.p.": "per persoon",
            "p.st.": "per stuk",
        },
        Kind.ENDING: {
            "enz.": "enzovoort", "etc.": "et cetera", "e.d.": "en dergelijke", "e.a.": "en andere",
            "enzv.": "enzovoort", "s.v.p.": "alstublieft",
        },
    },
    starters=words(
        "De Het Een Hij Zij Ze Ik Je Jij U We Wij Jullie Men Dit Dat Deze Die Er En Maar Of Want "
        "Dus Toch Toen Daarna Dan Daar Hier Nu Vandaag Gisteren Morgen Later Eerst Straks Ook Nog "
        "Al Wie Wat Waar Hoe Wanneer Waarom Als Omdat Hoewel Nadat Voordat Terwijl Sinds Tot Bij "
        "Met Na Voor Van Uit Op In Aan Om Over Onder Tussen Niet Geen Alle Alles Veel Sommige "
        "Mijn Zijn Haar Hun Ons Onze Uw Zo Ja Nee Is Was Heeft Kan Wil Elke Elk Iedereen Niemand "
        "Iemand Iets Niets Vroeger Tijdens Volgens Vanaf Door Naar"
    ),
    rejects=_rejects,
)  # fmt: skip

# names of rulers, after which one letter is a numeral
RULERS = (
    "Willem|Karel|Lodewijk|Filips|Hendrik|Frederik|Leopold|Albert|Boudewijn|Filip|Elisabeth|"
    "Elizabeth|Catharina|Maria|Peter|Nicolaas|Alexander|Paulus|Pius|Benedictus|Leo|Gregorius|"
    "George|Napoleon|Jacobus|Richard|Ferdinand|Alfons|Otto|Johannes|Edward|Christiaan|Margaretha"
)

UNITS = {
    "km": ("kilometer",) * 2, "m": ("meter",) * 2, "cm": ("centimeter",) * 2,
    "mm": ("millimeter",) * 2, "μm": ("micrometer",) * 2, "nm": ("nanometer",) * 2,
    "kg": ("kilogram",) * 2, "g": ("gram",) * 2, "mg": ("milligram",) * 2, "t": ("ton",) * 2,
    "l": ("liter",) * 2, "L": ("liter",) * 2, "ml": ("milliliter",) * 2, "cl": ("centiliter",) * 2,
    "dl": ("deciliter",) * 2,
    "ha": ("hectare", "hectare"), "ms": ("milliseconde", "milliseconden"),
    "s": ("seconde", "seconden"), "sec": ("seconde", "seconden"), "min": ("minuut", "minuten"),
    "h": ("uur",) * 2, "u": ("uur",) * 2, "Hz": ("hertz",) * 2, "kHz": ("kilohertz",) * 2,
    "MHz": ("megahertz",) * 2, "GHz": ("gigahertz",) * 2, "W": ("watt",) * 2,
    "kW": ("kilowatt",) * 2, "MW": ("megawatt",) * 2, "kWh": ("kilowattuur",) * 2,
    "V": ("volt",) * 2, "dB": ("decibel",) * 2, "kB": ("kilobyte",) * 2, "MB": ("megabyte",) * 2,
    "GB": ("gigabyte",) * 2, "TB": ("terabyte",) * 2, "km/u": ("kilometer per uur",) * 2,
    "km/h": ("kilometer per uur",) * 2, "m/s": ("meter per seconde",) * 2,
    "m²": ("vierkante meter",) * 2, "km²": ("vierkante kilometer",) * 2,
    "m³": ("kubieke meter",) * 2, "°C": ("graad Celsius", "graden Celsius"),
    "°F": ("graad Fahrenheit", "graden Fahrenheit"), "°": ("graad", "graden"),
    "%": ("procent",) * 2,
}  # fmt: skip

CURRENCIES = {
    "€": Currency("euro", "euro", "cent", "cent"),
    "EUR": Currency("euro", "euro", "cent", "cent"),
    "euro": Currency("euro", "euro", "cent", "cent"),
    "$": Currency("dollar", "dollar", "cent", "cent"),
    "USD": Currency("dollar", "dollar", "cent", "cent"),
    "£": Currency("pond", "pond", "penny", "pence"),
    "¥": Currency("yen", "yen", "sen", "sen"),
}

SYMBOLS = {
    "&": "en", "%": "procent", "+": "plus", "=": "is", "@": "at", "#": "hekje", "°": "graden",
    "€": "euro", "$": "dollar", "£": "pond", "¥": "yen", "¢": "cent", "§": "paragraaf",
    "<": "kleiner dan", ">": "groter dan", "×": "maal", "÷": "gedeeld door", "±": "plus of min",
    "−": "min", "²": "kwadraat", "³": "tot de derde", "/": "schuine streep", "⁄": "gedeeld door",
}  # fmt: skip

ADDRESS = {
    ".": "punt", "@": "apenstaartje", "/": "slash", "-": "streepje", "_": "underscore",
    "?": "vraagteken", "=": "is", "&": "en", "#": "hekje", ":": "dubbele punt", "~": "tilde",
    "+": "plus", "%": "procent",
}  # fmt: skip
