"""Spanish words: months, abbreviations, units, currencies, symbols."""

import re

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.calendar import is_date
from tts.text.normalize.shared_rules import Currency
from tts.text.normalize.word_lists import words

MONTHS = [
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
    "octubre", "noviembre", "diciembre",
]  # fmt: skip

WEEKDAYS = {
    "lun": "lunes", "mar": "martes", "mié": "miércoles", "jue": "jueves", "vie": "viernes",
    "sáb": "sábado", "dom": "domingo",
}  # fmt: skip
_SHORT_MONTHS = {
    "ene.": "enero", "feb.": "febrero", "abr.": "abril", "jun.": "junio", "jul.": "julio",
    "ago.": "agosto", "sept.": "septiembre", "oct.": "octubre", "nov.": "noviembre",
    "dic.": "diciembre",
}  # fmt: skip


def _rejects(name: str, kind: Kind, before: str, after: str) -> bool:
    """Return whether it is a word: dijo no. M. de Cervantes, el mar. 3 barcos."""
    if name == "no.":
        return re.match(r"\s?\d", after) is None
    return name.rstrip(".") in WEEKDAYS and not is_date(after)


ABBREVIATIONS = Abbreviations(
    {
        Kind.INSIDE: {
            "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Sres.": "señores",
            "Sras.": "señoras", "Dr.": "doctor", "Dra.": "doctora", "Dres.": "doctores",
            "Prof.": "profesor", "Profa.": "profesora", "Lic.": "licenciado", "Ing.": "ingeniero",
            "Arq.": "arquitecto", "Gral.": "general", "Cnel.": "coronel", "Cap.": "capitán",
            "Tte.": "teniente", "Sgto.": "sargento", "Pdte.": "presidente", "Mons.": "monseñor",
            "Dña.": "doña", "D.a": "doña", "Sto.": "santo", "Sta.": "santa", "Fr.": "fray",
            "p. ej.": "por ejemplo", "por ej.": "por ejemplo", "ej.": "ejemplo",
            "cf.": "confróntese", "Avda.": "avenida", "Av.": "avenida", "Pza.": "plaza",
            "Ctra.": "carretera", "tel.": "teléfono", "tfno.": "teléfono", "tlf.": "teléfono",
            "aprox.": "aproximadamente", "máx.": "máximo", "mín.": "mínimo",
            "atte.": "atentamente", "Dpto.": "departamento", "Depto.": "departamento",
            "RR. HH.": "recursos humanos", "FF. AA.": "fuerzas armadas", "Excmo.": "excelentísimo",
            "Excma.": "excelentísima", "Ilmo.": "ilustrísimo", "Ilma.": "ilustrísima",
            "Admón.": "administración", "JJ. OO.": "juegos olímpicos", "CC. OO.": "comisiones "
            "obreras",
        },
        Kind.BEFORE_NAME: {
            "D.": "don", "S.": "san",
        },
        Kind.BEFORE_NUMBER: {
            "pág.": "página", "págs.": "páginas", "p.": "página", "pp.": "páginas",
            "núm.": "número", "núms.": "números", "n.o": "número", "no.": "número", "nº": "número",
            "n°": "número", "art.": "artículo", "arts.": "artículos",
            "cap.": "capítulo", "vol.": "volumen", "fig.": "figura", "s.": "siglo", "ss.": "siglos",
            "t.": "tomo", "párr.": "párrafo", "ca.": "circa", **{f"{short}.": day for short,
            day in WEEKDAYS.items()},
        },
        Kind.UNIT: {
            "min.": "", "seg.": "", "h.": "", "hs.": "",
        },
        Kind.COUNTED: {
            **_SHORT_MONTHS, "hab.": "habitantes", "págs.": "páginas", "pág.": "páginas",
            "ed.": "edición", "pers.": "personas",
        },
        Kind.AMBIGUOUS: {
            **{f"de {short}": f"de {month}" for short, month in _SHORT_MONTHS.items()},
            "Ud.": "usted", "Uds.": "ustedes", "Vd.": "usted", "Vds.": "ustedes",
            "a. C.": "antes de Cristo", "d. C.": "después de Cristo",
            "a. m.": "a m", "p. m.": "p m", "Cía.": "compañía", "Hnos.": "hermanos",
            "ed.": "edición",
            "Jr.": "júnior", "S. A.": "S A", "S. L.": "S L", "izq.": "izquierda",
            "dcha.": "derecha", "Ltda.": "limitada",
        },
        Kind.ENDING: {
            "etc.": "etcétera", "y ss.": "y siguientes", "EE. UU.": "Estados Unidos",
        },
    },
    starters=words(
        "El La Los Las Un Una Unos Unas Lo Al Del De Yo Tú Él Ella Ello Nosotros Ellos Ellas "
        "Usted Ustedes Este Esta Esto Estos Estas Ese Esa Eso Esos Esas Aquel Aquella Y E Pero O "
        "Sino Porque Pues Luego Entonces Después Antes Ahora Hoy Ayer Mañana Aquí Allí Ahí Cuando "
        "Donde Como Si Aunque Mientras Desde Hasta En Con Sin Por Para Sobre Entre Contra Según "
        "Tras A No Sí Ni También Tampoco Nunca Siempre Todo Todos Toda Todas Cada Algunos Algunas "
        "Muchos Muchas Nadie Nada Alguien Algo Mi Mis Tu Tus Su Sus Nuestro Nuestra Qué Quién "
        "Cómo Cuándo Dónde Cuál Cuánto Por Se Me Te Nos Le Les Es Son Era Fue Ha Han Hay Está "
        "Están Gracias Además Así Ya Vive Viven Llegó Dijo Era Tiene Hubo Más Muy"
    ),
    rejects=_rejects,
)  # fmt: skip

# names of rulers, after which one letter is a numeral
RULERS = words(
    "Carlos Felipe Fernando Isabel Alfonso Juan Pedro Luis Enrique Jaime Sancho Ramiro Alejandro "
    "Pío Benedicto León Gregorio Clemente Inocencio Urbano Pablo Nicolás Francisco Guillermo "
    "Jorge Eduardo Ricardo Napoleón Federico Leopoldo Catalina María Margarita Otón Ramsés "
    "Amadeo José Agustín Maximiliano Berenguela Cristina Victoria"
)
QUEENS = words("Isabel Catalina María Margarita Berenguela Cristina Victoria Juana")
NOT_RULERS = words("El La Los Las Un Una Al Del De En Y O Es")
NUMBERED_IN_ROMAN = (
    "capítulo|tomo|acto|escena|libro|parte|volumen|anexo|título|artículo|fase|tipo|nivel|grupo"
)

FEMININE = words(
    "noche vez veces mano parte gente calle clase madre mujer llave nube nave torre fuente suerte "
    "muerte "
    "leche carne sangre sal flor luz voz cruz paz pared red ley mitad imagen orden foto moto "
    "radio tarde serie base frase fase llamada actriz emperatriz libra piel miel sien"
)
NOT_FEMININE = words(
    "día mapa problema sistema tema programa idioma clima poema planeta cometa drama dilema "
    "síntoma fantasma diploma telegrama kilograma gramo yoga sofá papá guardia policía artista "
    "turista periodista avión camión guion para contra hasta hacia cada nada era"
)
FEMININE_ENDING = r".+(?:a|ción|sión|dad|tad|tud|umbre|eza|ie)"

# words after a number that it does not count
NOT_NOUNS = (
    "y|e|o|u|a|al|de|del|en|con|sin|por|para|sobre|es|son|está|están|que|quien|pero|ni|no|se|lo|la|"
    "el|los|las|más|menos|entre|desde|hasta|como|cuando|si|ya|fue|era|ha|han|mil|millones|también"
)
NUMBERED = "página|número|capítulo|tomo|artículo|volumen|figura|línea|canal|acto|siglo|año|piso"

UNITS = {
    "km": ("kilómetro", "kilómetros"), "m": ("metro", "metros"), "cm": ("centímetro",
    "centímetros"), "mm": ("milímetro", "milímetros"), "μm": ("micrómetro", "micrómetros"),
    "nm": ("nanómetro", "nanómetros"), "kg": ("kilogramo", "kilogramos"), "g": ("gramo", "gramos"),
    "mg": ("miligramo", "miligramos"), "t": ("tonelada", "toneladas"), "l": ("litro", "litros"),
    "L": ("litro", "litros"), "ml": ("mililitro", "mililitros"), "cl": ("centilitro",
    "centilitros"), "ha": ("hectárea", "hectáreas"), "ms": ("milisegundo", "milisegundos"),
    "s": ("segundo", "segundos"), "seg": ("segundo", "segundos"), "min": ("minuto", "minutos"),
    "h": ("hora", "horas"), "hs": ("hora", "horas"), "Hz": ("hercio", "hercios"), "kHz":
    ("kilohercio", "kilohercios"), "MHz": ("megahercio", "megahercios"), "GHz": ("gigahercio",
    "gigahercios"), "W": ("vatio", "vatios"), "kW": ("kilovatio", "kilovatios"), "MW": ("megavatio",
    "megavatios"), "kWh": ("kilovatio hora", "kilovatios hora"), "V": ("voltio", "voltios"),
    "dB": ("decibelio", "decibelios"), "kB": ("kilobyte", "kilobytes"), "MB": ("megabyte",
    "megabytes"), "GB": ("gigabyte", "gigabytes"), "TB": ("terabyte", "terabytes"),
    "km/h": ("kilómetro por hora", "kilómetros por hora"), "m/s": ("metro por segundo",
    "metros por segundo"), "m²": ("metro cuadrado", "metros cuadrados"), "km²": (
    "kilómetro cuadrado", "kilómetros cuadrados"), "m³": ("metro cúbico", "metros cúbicos"),
    "°C": ("grado Celsius", "grados Celsius"), "°F": ("grado Fahrenheit", "grados Fahrenheit"),
    "°": ("grado", "grados"), "%": ("por ciento", "por ciento"),
}  # fmt: skip

CURRENCIES = {
    "€": Currency("euro", "euros", "céntimo", "céntimos"),
    "EUR": Currency("euro", "euros", "céntimo", "céntimos"),
    "$": Currency("dólar", "dólares", "centavo", "centavos"),
    "US$": Currency("dólar", "dólares", "centavo", "centavos"),
    "USD": Currency("dólar", "dólares", "centavo", "centavos"),
    "£": Currency("libra", "libras", "penique", "peniques"),
    "¥": Currency("yen", "yenes", "sen", "sens"),
    "MXN": Currency("peso", "pesos", "centavo", "centavos"),
}
PESO = Currency("peso", "pesos", "centavo", "centavos")

SYMBOLS = {
    "&": "y", "%": "por ciento", "+": "más", "=": "igual a", "@": "arroba", "#": "almohadilla",
    "°": "grados", "€": "euros", "$": "dólares", "£": "libras", "¥": "yenes", "¢": "centavos",
    "§": "sección", "<": "menor que", ">": "mayor que", "×": "por", "÷": "entre",
    "±": "más menos", "−": "menos", "²": "al cuadrado", "³": "al cubo", "/": "barra", "⁄": "entre",
}  # fmt: skip

ADDRESS = {
    ".": "punto", "@": "arroba", "/": "barra", "-": "guion", "_": "guion bajo",
    "?": "interrogación", "=": "igual", "&": "y", "#": "almohadilla", ":": "dos puntos",
    "~": "virgulilla", "+": "más", "%": "por ciento",
}  # fmt: skip

FRACTIONS = {
    2: "medio", 3: "tercio", 4: "cuarto", 5: "quinto", 6: "sexto", 7: "séptimo", 8: "octavo",
    9: "noveno", 10: "décimo", 12: "doceavo", 15: "quinceavo", 16: "dieciseisavo",
    20: "veinteavo", 50: "cincuentavo", 100: "centésimo", 1000: "milésimo",
}  # fmt: skip
