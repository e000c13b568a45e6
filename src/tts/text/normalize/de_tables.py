"""German words: months, weekdays, abbreviations, units, currencies, symbols."""

import re

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.shared_rules import Currency
from tts.text.normalize.word_lists import words

MONTHS = [
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
    "November", "Dezember",
]  # fmt: skip

WEEKDAYS = {
    "Mo": "Montag", "Di": "Dienstag", "Mi": "Mittwoch", "Do": "Donnerstag", "Fr": "Freitag",
    "Sa": "Samstag", "So": "Sonntag",
}  # fmt: skip

# am Mo. or Di., and Mo., den 5.5.
_DAY_BEFORE = re.compile(
    r"(?:\b(?:am|ab|bis|vom|jeden|nächsten|letzten|diesen|den|und|oder) |[/,-] ?|— )$",
    re.IGNORECASE,
)
_DATE_AFTER = re.compile(r",? (?:den )?\d|, \w{2}\.")

ABBREVIATIONS = Abbreviations(
    {
        Kind.INSIDE: {
            "z. B.": "zum Beispiel", "d. h.": "das heißt", "u. a.": "unter anderem",
            "d. i.": "das ist", "bzw.": "beziehungsweise", "ca.": "zirka", "Dr.": "Doktor",
            "Prof.": "Professor", "Mag.": "Magister", "Hr.": "Herr", "Hrn.": "Herrn",
            "Frl.": "Fräulein", "Fam.": "Familie", "Dipl.-Ing.": "Diplomingenieur",
            "Ing.": "Ingenieur", "h. c.": "honoris causa", "St.": "Sankt", "evtl.": "eventuell",
            "ggf.": "gegebenenfalls", "ggfs.": "gegebenenfalls", "inkl.": "inklusive",
            "exkl.": "exklusive", "zzgl.": "zuzüglich", "bzgl.": "bezüglich",
            "einschl.": "einschließlich", "vgl.": "vergleiche", "sog.": "sogenannte",
            "geb.": "geboren", "gest.": "gestorben", "gegr.": "gegründet", "verh.": "verheiratet",
            "i. d. R.": "in der Regel", "u. U.": "unter Umständen", "z. T.": "zum Teil",
            "z. Zt.": "zur Zeit", "z. Z.": "zur Zeit", "z. Hd.": "zu Händen", "i. A.": "im Auftrag",
            "i. V.": "in Vertretung", "m. E.": "meines Erachtens", "o. g.": "oben genannte",
            "bspw.": "beispielsweise", "gem.": "gemäß", "lt.": "laut", "wg.": "wegen",
            "ehem.": "ehemalige", "allg.": "allgemein", "dt.": "deutsch", "engl.": "englisch",
            "frz.": "französisch", "lat.": "lateinisch", "griech.": "griechisch",
            "mind.": "mindestens", "max.": "maximal", "tägl.": "täglich", "jährl.": "jährlich",
            "monatl.": "monatlich", "insb.": "insbesondere", "insbes.": "insbesondere",
            "Hrsg.": "Herausgeber", "Anm.": "Anmerkung", "Tel.": "Telefon", "Jan.": "Januar",
            "Feb.": "Februar", "Apr.": "April", "Aug.": "August", "Sept.": "September",
            "Sep.": "September", "Okt.": "Oktober", "Nov.": "November", "Dez.": "Dezember",
            "med.": "", "phil.": "", "jur.": "", "mult.": "", "rer. nat.": "rer nat",
            "rer. pol.": "rer pol", "Dres.": "Doktoren", "Dipl.-Psych.": "Diplom-Psych",
            "Dipl.-Kfm.": "Diplomkaufmann",
            "Dipl.": "Diplom", "rd.": "rund", "p. a.": "per annum", "MwSt.": "Mehrwertsteuer",
            "Whg.": "Wohnung", "zw.": "zwischen", "n. V.": "nach Verlängerung",
            "i. E.": "im Elfmeterschießen",
            "v. u. Z.": "vor unserer Zeitrechnung", "u. Z.": "unserer Zeitrechnung",
            "Ew.": "Einwohner", "a. d.": "an der", "o. d. T.": "ob der Tauber",
            "s. S.": "siehe Seite", "v. l. n. r.": "von links nach rechts",
        },
        Kind.BEFORE_NAME: {
            "Fr.": "Frau",
        },
        Kind.BEFORE_NUMBER: {
            "S.": "Seite", "Nr.": "Nummer", "Nrn.": "Nummern", "Bd.": "Band", "Abb.": "Abbildung",
            "Kap.": "Kapitel", "Art.": "Artikel", "Abs.": "Absatz", "Tab.": "Tabelle",
            "Z.": "Zeile", "Jg.": "Jahrgang", "Ziff.": "Ziffer", "Hausnr.": "Hausnummer",
            "§§": "Paragrafen", **{f"{short}.": day for short, day in WEEKDAYS.items()},
        },
        Kind.COUNTED: {
            "Mio.": "Millionen", "Mrd.": "Milliarden", "Tsd.": "Tausend", "Std.": "",
            "Sek.": "", "Zi.": "Zimmer", "f.": "folgende", "ff.": "folgende",
            "Min.": "", "Pers.": "Personen", "Stck.": "Stück", "Aufl.": "Auflage", "Fr.": "Franken",
        },
        Kind.AMBIGUOUS: {
            "Jh.": "Jahrhundert", "Jhdt.": "Jahrhundert", "Jhs.": "Jahrhunderts",
            "v. Chr.": "vor Christus", "n. Chr.": "nach Christus", "Str.": "Straße",
            "-str.": "straße", "e. V.": "e V", "a. D.": "außer Dienst", "a. M.": "am Main",
            **{f"{short}.": day for short, day in WEEKDAYS.items() if short != "Fr"},
            "Hbf.": "Hauptbahnhof", "Bhf.": "Bahnhof", "Co.": "Co", "s. o.": "siehe oben",
            "s. u.": "siehe unten", "jun.": "junior", "sen.": "senior",
        },
        Kind.ENDING: {
            "usw.": "und so weiter", "u. s. w.": "und so weiter", "usf.": "und so fort",
            "etc.": "et cetera", "u. v. m.": "und vieles mehr",
            "u. a. m.": "und andere mehr", "u. v. a.": "und viele andere", "u. Ä.": "und Ähnliches",
            "u. ä.": "und ähnliches", "o. Ä.": "oder Ähnliches", "o. ä.": "oder ähnliches",
            "u. dgl.": "und dergleichen", "dgl.": "dergleichen",
        },
    },
    starters=words(
        "Der Die Das Den Dem Des Ein Eine Einer Eines Einem Einen Er Sie Es Ich Du Wir Ihr Man "
        "Dies Diese Dieser Dieses Diesen Diesem Jene Jener Jenes Und Aber Oder Denn Doch Sondern "
        "Dann Danach Da Dort Hier Heute Gestern Morgen Jetzt Nun Damals Später Bald Dabei Dafür "
        "Dazu Damit Daher Darum Deshalb Deswegen Trotzdem Dennoch Außerdem Auch Nur Noch Schon "
        "Wer Was Wo Wie Wann Warum Wenn Weil Als Ob Obwohl Nachdem Bevor Während Seit Bis Bei Mit "
        "Nach Von Vor Zu Aus Auf In Im Am An Um Für Durch Gegen Ohne Über Unter Zwischen Nicht "
        "Kein Keine Alle Alles Viele Manche Einige Sein Seine Ihre Mein Meine Unser Unsere Euer "
        "So Ja Nein Bitte Danke Hat Ist War Kann Will Jeder Jede Jedes Beide Niemand Jemand Etwas"
    ),
    rejects=lambda name, kind, before, after: (
        kind is Kind.AMBIGUOUS
        and name.rstrip(".").capitalize() in WEEKDAYS
        and not (_DAY_BEFORE.search(before) or _DATE_AFTER.match(after))
    ),
)  # fmt: skip

# words after a numeral with an ordinal dot, where no article shows that it is one
AFTER_ORDINAL = (
    "Jahrhunderts?|Jahrtausends?|Jh|Weltkriegs?|Platz|Klasse|Stock|Etage|Tag|Mal|Auflage|Kapitel|"
    "Geburtstag|Liga|Quartal|Semester|Runde|Spieltag|Minute|Lebensjahr|Bundesliga|FC|Akt|Teil|"
    "Sinfonie|Symphonie|Republik|Reich|Dynastie|Bezirk|Kind|Gang|Geschoss|Spiel|Satz|Halbzeit|"
    "Versuch|Schritt|Buch|Band|Advent|Januar|Weihnachtstag|Jahrestag|Woche|Monat|Jahr|Lektion|"
    "Programm|Mannschaft|Stelle|Etappe|Rang|Sieg|Preis|Schuljahr|Person|Strophe|Zeile|Bundesliga"
)

# feminine nouns, besides those that end like "Zeitung"
FEMININE = {
    "Frau", "Mutter", "Tochter", "Schwester", "Person", "Woche", "Uhr", "Stadt", "Hand", "Nacht",
    "Million", "Milliarde", "Billion", "Liga", "Bundesliga", "Wahl", "Zahl", "Tür", "Wand", "Mark",
    "Nummer", "Kuh",
    "Arbeit", "Antwort", "Figur", "Gabel", "Regel", "Insel", "Feder", "Mauer", "Steuer", "Kammer",
}  # fmt: skip
NOT_FEMININE = {"Name", "Junge", "Kunde", "Kollege", "Ende", "Auge", "Käse", "Euro", "Affe"}

UNITS = {
    "km": ("Kilometer",) * 2, "m": ("Meter",) * 2, "cm": ("Zentimeter",) * 2,
    "mm": ("Millimeter",) * 2, "μm": ("Mikrometer",) * 2, "nm": ("Nanometer",) * 2,
    "kg": ("Kilogramm",) * 2, "g": ("Gramm",) * 2, "mg": ("Milligramm",) * 2,
    "t": ("Tonne", "Tonnen"), "l": ("Liter",) * 2, "L": ("Liter",) * 2, "ml": ("Milliliter",) * 2,
    "cl": ("Zentiliter",) * 2, "ha": ("Hektar",) * 2,
    "ms": ("Millisekunde", "Millisekunden"), "s": ("Sekunde", "Sekunden"),
    "Sek": ("Sekunde", "Sekunden"), "min": ("Minute", "Minuten"), "Min": ("Minute", "Minuten"),
    "h": ("Stunde", "Stunden"), "Std": ("Stunde", "Stunden"), "Hz": ("Hertz",) * 2,
    "kHz": ("Kilohertz",) * 2, "MHz": ("Megahertz",) * 2, "GHz": ("Gigahertz",) * 2,
    "W": ("Watt",) * 2, "kW": ("Kilowatt",) * 2, "MW": ("Megawatt",) * 2, "PS": ("PS",) * 2,
    "kWh": ("Kilowattstunde", "Kilowattstunden"), "V": ("Volt",) * 2, "dB": ("Dezibel",) * 2,
    "kB": ("Kilobyte",) * 2, "MB": ("Megabyte",) * 2, "GB": ("Gigabyte",) * 2,
    "TB": ("Terabyte",) * 2, "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"),
    "m/s": ("Meter pro Sekunde",) * 2, "m²": ("Quadratmeter",) * 2,
    "km²": ("Quadratkilometer",) * 2, "m³": ("Kubikmeter",) * 2, "°C": ("Grad Celsius",) * 2,
    "°F": ("Grad Fahrenheit",) * 2, "°": ("Grad",) * 2, "%": ("Prozent",) * 2,
    "‰": ("Promille",) * 2,
}  # fmt: skip

CURRENCIES = {
    "€": Currency("Euro", "Euro", "Cent", "Cent"),
    "$": Currency("Dollar", "Dollar", "Cent", "Cent"),
    "£": Currency("Pfund", "Pfund", "Penny", "Pence"),
    "¥": Currency("Yen", "Yen", "Sen", "Sen"),
    "EUR": Currency("Euro", "Euro", "Cent", "Cent"),
    "Euro": Currency("Euro", "Euro", "Cent", "Cent"),
    "USD": Currency("US-Dollar", "US-Dollar", "Cent", "Cent"),
    "CHF": Currency("Franken", "Franken", "Rappen", "Rappen"),
    "Fr.": Currency("Franken", "Franken", "Rappen", "Rappen"),
}

SYMBOLS = {
    "&": "und", "%": "Prozent", "+": "plus", "=": "gleich", "@": "at", "#": "Raute", "°": "Grad",
    "€": "Euro", "$": "Dollar", "£": "Pfund", "¥": "Yen", "¢": "Cent", "§": "Paragraf",
    "<": "kleiner als", ">": "größer als", "×": "mal", "÷": "geteilt durch", "±": "plus minus",
    "−": "minus", "²": "Quadrat", "³": "hoch drei", "/": "Schrägstrich", "⁄": "durch",
}  # fmt: skip

ADDRESS = {
    ".": "Punkt", "@": "at", "/": "Schrägstrich", "-": "Bindestrich", "_": "Unterstrich",
    "?": "Fragezeichen", "=": "gleich", "&": "und", "#": "Raute", ":": "Doppelpunkt",
    "~": "Tilde", "+": "plus", "%": "Prozent",
}  # fmt: skip
