"""French words: months, weekdays, abbreviations, units, currencies, symbols."""

import re

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.shared_rules import Currency
from tts.text.normalize.word_lists import words

MONTHS = [
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
]  # fmt: skip

WEEKDAYS = {
    "lun": "lundi", "mar": "mardi", "mer": "mercredi", "jeu": "jeudi", "ven": "vendredi",
    "vend": "vendredi", "sam": "samedi", "dim": "dimanche",
}  # fmt: skip

_CAPITAL = re.compile(r" [A-ZÀ-Þ]")


def _rejects(name: str, kind: Kind, before: str, after: str) -> bool:
    """Return whether it is a word, or the initials of a name: la mer. 3, J.-C. Killy."""
    if name in ("mer.", "mar."):
        return not before.endswith(("le ", "ce ", "du ", "au ", ", "))
    dated = before.rstrip().endswith(("av.", "ap.", "apr.", "avant", "après"))
    return name == "J.-C." and not dated and _CAPITAL.match(after) is not None


ABBREVIATIONS = Abbreviations(
    {
        Kind.INSIDE: {
            "M. et": "Monsieur et", "M. le": "Monsieur le", "M. l": "Monsieur l",
            "pl. de": "place de", "pl. d": "place d", "pl. du": "place du",
            "pl. des": "place des", "MM.": "Messieurs", "Mme": "Madame", "Mmes": "Mesdames",
            "Mlle": "Mademoiselle",
            "Mlles": "Mesdemoiselles", "Mgr": "Monseigneur", "Dr": "Docteur", "Dr.": "Docteur",
            "Drs": "Docteurs", "Dre": "Docteure", "Dres": "Docteures", "Sts": "Saints",
            "Pr": "Professeur", "Pr.": "Professeur", "Prof.": "Professeur",
            "p. ex.": "par exemple", "par ex.": "par exemple", "c.-à-d.": "c'est-à-dire",
            "c-à-d": "c'est-à-dire", "càd": "c'est-à-dire", "cf.": "confer", "env.": "environ",
            "tél.": "téléphone", "vs.": "versus", "max.": "maximum", "rdv": "rendez-vous",
            "arr.": "arrondissement", "dép.": "département",
        },
        Kind.BEFORE_NAME: {
            "M.": "Monsieur", "Me": "Maître", "St": "Saint", "Ste": "Sainte", "St.": "Saint",
            "Ste.": "Sainte", "bd.": "boulevard", "bd": "boulevard", "av.": "avenue",
            "bld": "boulevard", "pl.": "place", "rte": "route",
        },
        Kind.BEFORE_NUMBER: {
            "n.o": "numéro", "no": "numéro", "al.": "alinéa", "bât.": "bâtiment", "n°": "numéro",
            "N°": "Numéro", "nº": "numéro", "no.": "numéro",
            "n°s": "numéros",
            "p.": "page", "pp.": "pages", "art.": "article", "chap.": "chapitre", "vol.": "volume",
            "fig.": "figure", "t.": "tome", "éd.": "édition", "§": "paragraphe", "ch.": "chapitre",
            **{f"{short}.": day for short, day in WEEKDAYS.items()},
        },
        Kind.UNIT: {
            "min.": "", "sec.": "secondes",
        },
        Kind.COUNTED: {
            "sept.": "septembre", "hab.": "habitants", "éd.": "édition", "p.": "pages",
            "pers.": "personnes", "sem.": "semaines",
        },
        Kind.AMBIGUOUS: {
            "janv.": "janvier", "févr.": "février", "avr.": "avril", "juil.": "juillet",
            "oct.": "octobre", "nov.": "novembre", "déc.": "décembre",
            "av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ",
            "ap. J.-C.": "après Jésus-Christ", "J.-C.": "Jésus-Christ", "Cie": "Compagnie",
            "Cie.": "Compagnie", "bd.": "boulevard", "av.": "avenue", "ex.": "exemple",
        },
        Kind.ENDING: {
            "etc.": "et cetera", "et ss.": "et suivantes",
        },
    },
    starters=words(
        "Le La Les Un Une Des Du De Ce Cet Cette Ces Il Elle Ils Elles On Je Tu Nous Vous Mais Et "
        "Ou Or Car Donc Puis Ensuite Alors Ainsi Après Avant Depuis Pendant Quand Lorsque Si "
        "Comme Que Qui Quoi Où Pourquoi Comment Combien Dans Sur Sous Avec Sans Pour Par En Au "
        "Aux À Son Sa Ses Mon Ma Mes Notre Nos Votre Vos Leur Leurs Ici Là Hier Demain Aujourd "
        "Maintenant Non Oui Ne Pas Plus Tout Tous Toute Toutes Chaque Quelques Plusieurs Cela Ça "
        "C J L D Qu Enfin Cependant Toutefois Pourtant Chez Vers Entre Parce Bien Très Aucun "
        "Aucune Voici Voilà Est Merci"
    ),
    rejects=_rejects,
)  # fmt: skip

NUMBERED_IN_ROMAN = (
    "chapitre|tome|acte|scène|livre|partie|volume|annexe|titre|article|phase|type|niveau"
)
# names of rulers, after which one letter is a numeral
RULERS = words(
    "Louis Charles Henri François Philippe Jean Napoléon Léopold Albert Baudouin Guillaume "
    "Élisabeth Elisabeth Catherine Marie Victoria Pierre Nicolas Alexandre Paul Pie Benoît Léon "
    "Grégoire Clément Urbain Innocent Edouard Édouard George Georges Jacques Richard Frédéric "
    "Ferdinand Alphonse Othon Darius Ramsès Clovis Clotaire "
    "Hugues Robert Lothaire Childéric Dagobert Thierry Carlos Juan Felipe Isabelle Charlemagne"
)
NOT_RULERS = words("Le La Les Un Une Du Au Aux Des De Ce Et Ou En Il Elle On")

FEMININE = words(
    "heure minute seconde milliseconde tonne livre semaine année journée nuit fois femme fille "
    "mère sœur souris personne page voiture maison table chose place pièce ville rue école classe "
    "équipe "
    "lettre ligne note photo image cigarette tasse bouteille boîte carte clé clef porte fenêtre "
    "chambre salle étoile main tête jambe bouche voix langue phrase question réponse pomme poire "
    "part partie course balle robe chemise couche cuillère goutte marche étape île vache poule "
    "chèvre copie liste guerre victoire couronne roupie lire peseta peine perte cause forme "
    "feuille vidéo moto radio saison façon leçon chanson maladie copine amie voisine cliente "
    "candidate invitée employée étudiante dame demoiselle épouse tante nièce cousine bière"
)
NOT_FEMININE = words(
    "musée lycée incendie génie été côté comité silence squelette trophée athée foie parapluie "
    "pâté traité député arrêté lieutenant euro centime pour"
)
FEMININE_ENDING = (
    r".+(?:[ts]ion|[^aou]té|ette|[^e]ure|[ae]nce|elle|esse|aison|ée|ille|euse|trice|ade|ude)"
)

# words after a number that it does not count
NOT_NOUNS = (
    "et|ou|à|au|aux|de|des|du|en|dans|sur|sous|pour|par|avec|sans|est|sont|qui|que|mais|ne|se|le|"
    "la|les|il|elle|on|ont|a|fois"
)
NUMBERED = "page|numéro|chapitre|tome|article|volume|figure|ligne|métro|numéros|pages|canal|acte"

UNITS = {
    "km": ("kilomètre", "kilomètres"), "m": ("mètre", "mètres"), "cm": ("centimètre",
    "centimètres"), "mm": ("millimètre", "millimètres"), "μm": ("micromètre", "micromètres"),
    "nm": ("nanomètre", "nanomètres"), "kg": ("kilogramme", "kilogrammes"), "g": ("gramme",
    "grammes"), "mg": ("milligramme", "milligrammes"), "t": ("tonne", "tonnes"),
    "l": ("litre", "litres"), "L": ("litre", "litres"), "ml": ("millilitre", "millilitres"),
    "cl": ("centilitre", "centilitres"), "ha": ("hectare", "hectares"), "ms": ("milliseconde",
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
    "EUR": Currency("euro", "euros", "centime", "centimes"),
    "$": Currency("dollar", "dollars", "cent", "cents"),
    "USD": Currency("dollar", "dollars", "cent", "cents"),
    "CHF": Currency("franc suisse", "francs suisses", "centime", "centimes"),
    "£": Currency("livre", "livres", "penny", "pence"),
    "¥": Currency("yen", "yens", "sen", "sens"),
}

# currencies after a million
OF_CURRENCIES = {
    "€": "d'euros", "EUR": "d'euros", "$": "de dollars", "USD": "de dollars",
    "CHF": "de francs suisses", "£": "de livres", "¥": "de yens",
}  # fmt: skip

SYMBOLS = {
    "&": "et", "%": "pour cent", "+": "plus", "=": "égale", "@": "arobase", "#": "dièse",
    "°": "degrés", "€": "euros", "$": "dollars", "£": "livres", "¥": "yens", "¢": "cents",
    "§": "paragraphe", "<": "inférieur à", ">": "supérieur à", "×": "fois", "÷": "divisé par",
    "±": "plus ou moins", "−": "moins", "²": "au carré", "³": "au cube", "/": "sur", "⁄": "sur",
}  # fmt: skip

ADDRESS = {
    ".": "point", "@": "arobase", "/": "slash", "-": "tiret", "_": "tiret bas",
    "?": "point d'interrogation", "=": "égale", "&": "et", "#": "dièse", ":": "deux points",
    "~": "tilde", "+": "plus", "%": "pour cent",
}  # fmt: skip
