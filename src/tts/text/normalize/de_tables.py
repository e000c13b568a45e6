"""German words: months, abbreviations, units, currencies, symbols."""

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.shared_rules import Currency

MONTHS = [
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
    "November", "Dezember",
]  # fmt: skip

ABBREVIATIONS = Abbreviations({Kind.INSIDE: {
    "z.B.": "zum Beispiel", "z. B.": "zum Beispiel", "d.h.": "das heißt", "d. h.": "das heißt",
    "u.a.": "unter anderem", "u. a.": "unter anderem", "usw.": "und so weiter",
    "u.s.w.": "und so weiter", "bzw.": "beziehungsweise", "ca.": "zirka", "Dr.": "Doktor",
    "Prof.": "Professor", "Hr.": "Herr", "Fr.": "Frau", "Frl.": "Fräulein", "Nr.": "Nummer",
    "St.": "Sankt", "Str.": "Straße", "evtl.": "eventuell", "ggf.": "gegebenenfalls",
    "inkl.": "inklusive",  "Mio.": "Millionen",
    "Mrd.": "Milliarden", "Tel.": "Telefon", "vgl.": "vergleiche", "sog.": "sogenannte",
    "Jh.": "Jahrhundert", "v.Chr.": "vor Christus", "v. Chr.": "vor Christus",
    "n.Chr.": "nach Christus", "n. Chr.": "nach Christus", "etc.": "et cetera", "Abb.": "Abbildung",
    "S.": "Seite", "Bd.": "Band", "Kap.": "Kapitel", "geb.": "geboren", "gest.": "gestorben",
    "i.d.R.": "in der Regel", "o.ä.": "oder ähnliches", "u.U.": "unter Umständen",
    "z.T.": "zum Teil", "zzgl.": "zuzüglich", "bspw.": "beispielsweise", "gem.": "gemäß",
}})  # fmt: skip

UNITS = {
    "km": ("Kilometer",) * 2, "m": ("Meter",) * 2, "cm": ("Zentimeter",) * 2,
    "mm": ("Millimeter",) * 2, "μm": ("Mikrometer",) * 2, "nm": ("Nanometer",) * 2,
    "kg": ("Kilogramm",) * 2, "g": ("Gramm",) * 2, "mg": ("Milligramm",) * 2,
    "t": ("Tonne", "Tonnen"), "l": ("Liter",) * 2, "ml": ("Milliliter",) * 2,
    "ms": ("Millisekunde", "Millisekunden"), "s": ("Sekunde", "Sekunden"),
    "Sek.": ("Sekunde", "Sekunden"), "min": ("Minute", "Minuten"), "Min.": ("Minute", "Minuten"),
    "h": ("Stunde", "Stunden"), "Std.": ("Stunde", "Stunden"), "Hz": ("Hertz",) * 2,
    "kHz": ("Kilohertz",) * 2, "MHz": ("Megahertz",) * 2, "GHz": ("Gigahertz",) * 2,
    "W": ("Watt",) * 2, "kW": ("Kilowatt",) * 2, "MW": ("Megawatt",) * 2,
    "kWh": ("Kilowattstunde", "Kilowattstunden"), "V": ("Volt",) * 2, "dB": ("Dezibel",) * 2,
    "kB": ("Kilobyte",) * 2, "MB": ("Megabyte",) * 2, "GB": ("Gigabyte",) * 2,
    "TB": ("Terabyte",) * 2, "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"),
    "m/s": ("Meter pro Sekunde",) * 2, "m²": ("Quadratmeter",) * 2,
    "km²": ("Quadratkilometer",) * 2, "m³": ("Kubikmeter",) * 2, "°C": ("Grad Celsius",) * 2,
    "°F": ("Grad Fahrenheit",) * 2, "°": ("Grad",) * 2, "%": ("Prozent",) * 2,
}  # fmt: skip

CURRENCIES = {
    "€": Currency("Euro", "Euro", "Cent", "Cent"),
    "$": Currency("Dollar", "Dollar", "Cent", "Cent"),
    "£": Currency("Pfund", "Pfund", "Penny", "Pence"),
    "¥": Currency("Yen", "Yen", "Sen", "Sen"),
    "EUR": Currency("Euro", "Euro", "Cent", "Cent"),
    "CHF": Currency("Franken", "Franken", "Rappen", "Rappen"),
}

SYMBOLS = {
    "&": "und", "%": "Prozent", "+": "plus", "=": "gleich", "@": "at", "#": "Raute", "°": "Grad",
    "€": "Euro", "$": "Dollar", "£": "Pfund", "¥": "Yen", "¢": "Cent", "§": "Paragraf",
    "<": "kleiner als", ">": "größer als", "×": "mal", "÷": "geteilt durch", "±": "plus minus",
    "−": "minus", "²": "Quadrat", "³": "hoch drei", "/": "Schrägstrich", "⁄": "durch",
}  # fmt: skip
