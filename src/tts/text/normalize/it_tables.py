"""Italian words: months, abbreviations, units, currencies, symbols."""

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.calendar import is_date
from tts.text.normalize.shared_rules import Currency
from tts.text.normalize.word_lists import words

MONTHS = [
    "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre",
    "ottobre", "novembre", "dicembre",
]  # fmt: skip

WEEKDAYS = {
    "lun": "lunedì", "mar": "martedì", "mer": "mercoledì", "gio": "giovedì", "ven": "venerdì",
    "sab": "sabato", "dom": "domenica",
}  # fmt: skip

_TITLES = {
    "Sig.": "signor", "Sig.ra": "signora", "Sig.na": "signorina", "Sigg.": "signori",
    "Dott.": "dottor", "Dott.ssa": "dottoressa", "Dr.": "dottor", "Dr.ssa": "dottoressa",
    "Prof.": "professor", "Prof.ssa": "professoressa", "Avv.": "avvocato",
    "Ing.": "ingegner", "Arch.": "architetto", "Geom.": "geometra", "Rag.": "ragionier",
    "On.": "onorevole", "Sen.": "senatore", "Gen.": "generale", "Col.": "colonnello",
    "Cap.": "capitano", "Mons.": "monsignor", "Egr.": "egregio", "Gent.": "gentile",
    "Gent.le": "gentile", "Gent.mo": "gentilissimo", "Gent.ma": "gentilissima",
    "Ill.mo": "illustrissimo",
    "Ill.ma": "illustrissima", "Preg.mo": "pregiatissimo", "Spett.le": "spettabile",
    "Card.": "cardinale", "SS.": "santi", "S.E.": "sua eccellenza",
}  # fmt: skip

ABBREVIATIONS = Abbreviations(
    {
        Kind.INSIDE: {
            **_TITLES, **{name.lower(): words for name, words in _TITLES.items()},
            "Spett.": "spettabile", "ad es.": "ad esempio", "p. es.": "per esempio",
            "per es.": "per esempio", "es.": "esempio", "cfr.": "confronta", "ca.": "circa",
            "tel.": "telefono", "cell.": "cellulare", "v.le": "viale", "p.zza": "piazza",
            "P.za": "piazza", "c.so": "corso", "l.go": "largo", "max.": "massimo", "min.": "minimo",
            "F.lli": "fratelli", "cosid.": "cosiddetto", "c.d.": "cosiddetto",
        },
        Kind.BEFORE_NAME: {
            "S.": "San", "V.": "via",
        },
        Kind.BEFORE_NUMBER: {
            "pag.": "pagina", "pagg.": "pagine", "p.": "pagina", "pp.": "pagine", "n.": "numero",
            "nr.": "numero", "n°": "numero", "N°": "numero", "n.o": "numero", "c.": "comma",
            "lett.": "lettera", **{f"{short}.": day for short, day in WEEKDAYS.items()},
            "nn.": "numeri",
            "D.Lgs.": "decreto legislativo", "D.L.": "decreto legge", "D.P.R.": "DPR",
            "art.": "articolo",
            "artt.": "articoli", "cap.": "capitolo", "vol.": "volume", "fig.": "figura",
            "sec.": "secolo", "secc.": "secoli", "c.a.": "circa",
        },
        Kind.UNIT: {
            "min.": "", "sec.": "secondi", "h.": "",
        },
        Kind.COUNTED: {
            "genn.": "gennaio", "gen.": "gennaio", "febbr.": "febbraio", "feb.": "febbraio",
            "apr.": "aprile", "mag.": "maggio", "giu.": "giugno", "lug.": "luglio",
            "ago.": "agosto", "sett.": "settembre", "ott.": "ottobre", "nov.": "novembre",
            "dic.": "dicembre", "ab.": "abitanti", "mln.": "milioni", "mld.": "miliardi",
            "pers.": "persone",
        },
        Kind.AMBIGUOUS: {
            "a.C.": "avanti Cristo", "d.C.": "dopo Cristo", "S.p.A.": "esse pi a",
            "S.r.l.": "esse erre elle", "sec.": "secolo", "jr.": "junior", "ed.": "edizione",
        },
        Kind.ENDING: {
            "ecc.": "eccetera", "etc.": "eccetera", "eccetera.": "eccetera",
            "e segg.": "e seguenti", "U.S.A.": "USA",
        },
    },
    starters=words(
        "Il Lo La I Gli Le L Un Uno Una Del Della Dei Delle Di A Da In Con Su Per Tra Fra Io Tu "
        "Lui Lei Egli Ella Noi Voi Loro Essi Questo Questa Questi Queste Quello Quella Quelli "
        "Quelle E Ed Ma O Oppure Però Perché Poi Dopo Prima Allora Adesso Ora Oggi Ieri Domani "
        "Qui Qua Là Quando Dove Come Se Mentre Fino Senza Sopra Sotto Contro Secondo Non Sì No "
        "Anche Neanche Mai Sempre Tutto Tutti Tutta Tutte Ogni Alcuni Alcune Molti Molte Nessuno "
        "Niente Nulla Qualcuno Qualcosa Mio Mia Tuo Tua Suo Sua Nostro Nostra Che Chi Cosa Quanto "
        "Quale Mi Ti Si Ci Vi È Sono Era Fu Ha Hanno Sta Stanno Grazie Inoltre Così Già Nel Nella "
        "Al Alla Dal Dalla Abita Vive Disse Più Molto"
    ),
    rejects=lambda name, kind, before, after: (
        name.rstrip(".") in WEEKDAYS and not is_date(after)
    ),
)  # fmt: skip

# men with names in a, and women with other names
MALE_SAINTS = words("Andrea Luca Nicola Mattia Tobia Barnaba Geremia Zaccaria Battista Giona")
FEMALE_SAINTS = words("Croce Beatrice Matilde Bibiana Dorotea Brigitte Gertrude")

# names of rulers, after which one letter is a numeral
RULERS = words(
    "Luigi Carlo Filippo Ferdinando Elisabetta Alfonso Pietro Enrico Giacomo Alessandro Pio "
    "Benedetto Leone Gregorio Clemente Innocenzo Urbano Paolo Nicola Nicolò Francesco Guglielmo "
    "Giorgio Edoardo Riccardo Napoleone Federico Leopoldo Caterina Maria Margherita Ottone "
    "Umberto Vittorio Emanuele Giuseppe Massimiliano Ramses Cosimo Lorenzo Giovanni Sisto Giulio "
    "Celestino Bonifacio Amedeo Alberto"
)
QUEENS = words("Elisabetta Caterina Maria Margherita Cristina Vittoria Giovanna")
NOT_RULERS = words("Il Lo La I Gli Le Un Una Del Al Nel Dal E O È")
NUMBERED_IN_ROMAN = "capitolo|tomo|atto|scena|libro|parte|volume|allegato|titolo|articolo|canto"

FEMININE = words(
    "notte volta mano parte gente classe madre moglie chiave nave torre fonte morte carne luce "
    "voce croce pace parete rete legge metà immagine foto moto radio serie base frase lira "
    "sterlina città tribù gioventù virtù auto bici estate neve pelle fede arte mente"
)
NOT_FEMININE = words(
    "giorno problema sistema tema programma clima poeta pianeta cinema dramma papa pigiama "
    "collega artista turista giornalista autista pilota cometa euro computer film sport"
)
FEMININE_ENDING = r".+(?:a|[gts]ione|tà|tù|trice|udine|ie|igine|ee)"

# words after a number that it does not count
NOT_NOUNS = (
    "e|ed|o|od|a|al|alla|di|del|della|dei|in|con|senza|per|su|è|sono|che|chi|ma|né|non|si|lo|la|il|"
    "i|gli|le|più|meno|tra|fra|da|dal|come|quando|se|già|era|ha|hanno|mila|milioni|anche"
)
NUMBERED = "pagina|numero|capitolo|tomo|articolo|volume|figura|linea|canale|atto|secolo|anno|piano"

UNITS = {
    "km": ("chilometro", "chilometri"), "m": ("metro", "metri"), "cm": ("centimetro",
    "centimetri"), "mm": ("millimetro", "millimetri"), "μm": ("micrometro", "micrometri"),
    "nm": ("nanometro", "nanometri"), "kg": ("chilogrammo", "chilogrammi"), "g": ("grammo",
    "grammi"), "mg": ("milligrammo", "milligrammi"), "t": ("tonnellata", "tonnellate"),
    "l": ("litro", "litri"), "L": ("litro", "litri"), "ml": ("millilitro", "millilitri"),
    "cl": ("centilitro", "centilitri"), "ha": ("ettaro", "ettari"), "ms": ("millisecondo",
    "millisecondi"), "s": ("secondo", "secondi"), "sec": ("secondo", "secondi"), "min": ("minuto",
    "minuti"), "h": ("ora", "ore"), "Hz": ("hertz", "hertz"), "kHz": ("chilohertz", "chilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "W": ("watt", "watt"),
    "kW": ("chilowatt", "chilowatt"), "MW": ("megawatt", "megawatt"), "kWh": ("chilowattora",
    "chilowattora"), "V": ("volt", "volt"), "dB": ("decibel", "decibel"), "kB": ("kilobyte",
    "kilobyte"), "MB": ("megabyte", "megabyte"), "GB": ("gigabyte", "gigabyte"), "TB": ("terabyte",
    "terabyte"), "km/h": ("chilometro all'ora", "chilometri all'ora"), "m/s": ("metro al secondo",
    "metri al secondo"), "m²": ("metro quadrato", "metri quadrati"), "mq": ("metro quadrato",
    "metri quadrati"), "km²": ("chilometro quadrato", "chilometri quadrati"), "m³": ("metro cubo",
    "metri cubi"), "°C": ("grado Celsius", "gradi Celsius"), "°F": ("grado Fahrenheit",
    "gradi Fahrenheit"), "°": ("grado", "gradi"), "%": ("per cento", "per cento"),
}  # fmt: skip

CURRENCIES = {
    "€": Currency("euro", "euro", "centesimo", "centesimi"),
    "EUR": Currency("euro", "euro", "centesimo", "centesimi"),
    "$": Currency("dollaro", "dollari", "centesimo", "centesimi"),
    "USD": Currency("dollaro", "dollari", "centesimo", "centesimi"),
    "CHF": Currency("franco svizzero", "franchi svizzeri", "centesimo", "centesimi"),
    "£": Currency("sterlina", "sterline", "penny", "pence"),
    "¥": Currency("yen", "yen", "sen", "sen"),
}

SYMBOLS = {
    "&": "e", "%": "per cento", "+": "più", "=": "uguale", "@": "chiocciola", "#": "cancelletto",
    "°": "gradi", "€": "euro", "$": "dollari", "£": "sterline", "¥": "yen", "¢": "centesimi",
    "§": "paragrafo", "<": "minore di", ">": "maggiore di", "×": "per", "÷": "diviso",
    "±": "più o meno", "−": "meno", "²": "al quadrato", "³": "al cubo", "/": "barra", "⁄": "fratto",
}  # fmt: skip

ADDRESS = {
    ".": "punto", "@": "chiocciola", "/": "barra", "-": "trattino", "_": "trattino basso",
    "?": "punto interrogativo", "=": "uguale", "&": "e", "#": "cancelletto", ":": "due punti",
    "~": "tilde", "+": "più", "%": "per cento",
}  # fmt: skip
