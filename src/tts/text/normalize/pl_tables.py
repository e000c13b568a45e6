"""Polish words: months, weekdays, abbreviations, units, currencies, symbols, declensions."""

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.slavic import nouns
from tts.text.normalize.word_lists import words

MONTHS = [  # in the genitive
    "stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września",
    "października", "listopada", "grudnia",
]  # fmt: skip

WEEKDAYS = {  # in the genitive
    "pon": "poniedziałku", "pn": "poniedziałku", "wt": "wtorku", "śr": "środy", "czw": "czwartku",
    "cz": "czwartku", "pt": "piątku", "sob": "soboty", "sb": "soboty", "niedz": "niedzieli",
    "nd": "niedzieli",
}  # fmt: skip

NOMINATIVE_DAYS = {
    "pon": "poniedziałek", "pn": "poniedziałek", "wt": "wtorek", "czw": "czwartek",
    "pt": "piątek", "sob": "sobota", "niedz": "niedziela",
}  # fmt: skip

ABBREVIATIONS = Abbreviations(
    {
        Kind.INSIDE: {
            "np.": "na przykład", "m.in.": "między innymi", "tzn.": "to znaczy", "tj.": "to jest",
            "tzw.": "tak zwany", "ul.": "ulica", "al.": "aleja", "pl.": "plac", "os.": "osiedle",
            "prof.": "profesor", "dr.": "doktor", "dr": "doktor", "mgr": "magister",
            "inż.": "inżynier", "hab.": "habilitowany", "gen.": "generał", "płk": "pułkownik",
            "kpt.": "kapitan", "por.": "porównaj", "ks.": "ksiądz", "św.": "święty",
            "śp.": "świętej pamięci", "im.": "imienia", "red.": "redaktor", "wg": "według",
            "ok.": "około", "zob.": "zobacz", "tel.": "telefon", "woj.": "województwo",
            "pow.": "powiat", "gm.": "gmina", "godz.": "godzina", "ang.": "angielski",
            "łac.": "łaciński", "niem.": "niemiecki", "ur.": "urodzony", "zm.": "zmarł",
            "pt.": "pod tytułem", "ds.": "do spraw", "ww.": "wyżej wymieniony",
            "max.": "maksymalnie", "jw.": "jak wyżej", "kard.": "kardynał", "abp": "arcybiskup",
            "bp": "biskup", "mjr": "major", "lek.": "lekarz", "n. med.": "nauk medycznych",
            "adw.": "adwokat", "sp.": "spółka", "tys.": "tysięcy",
        },
        Kind.BEFORE_NAME: {
            "p.": "pan", "o.": "ojciec", "s.": "siostra", "por.": "porucznik",
        },
        Kind.BEFORE_NUMBER: {
            "nr": "numer", "nr.": "numer", "str.": "strona", "s.": "strona", "rozdz.": "rozdział",
            "art.": "artykuł", "ust.": "ustęp", "pkt": "punkt", "poz.": "pozycja", "t.": "tom",
            "rys.": "rysunek", "tab.": "tabela", "m.": "mieszkania", "lok.": "lokal", "vol.": "tom",
        },
        Kind.COUNTED: {
            "r.": "roku", "min.": "", "sek.": "", "godz.": "",
            "szt.": "sztuk", "os.": "osób", "mln.": "", "mld.": "", "str.": "stron",
            "sty.": "stycznia", "lut.": "lutego", "kwi.": "kwietnia", "cze.": "czerwca",
            "lip.": "lipca", "sie.": "sierpnia", "wrz.": "września", "paź.": "października",
            "lis.": "listopada", "gru.": "grudnia",
        },
        Kind.AMBIGUOUS: {
            "p.n.e.": "przed naszą erą", "n.e.": "naszej ery", "w.": "wieku", "r.": "roku",
            "proc.": "procent", "S.A.": "S A", "z o.o.": "z o o", "jr.": "junior",
            "cd.": "ciąg dalszy", "br.": "bieżącego roku", "bm.": "bieżącego miesiąca",
        },
        Kind.ENDING: {
            "itd.": "i tak dalej", "i nast.": "i następne", "itp.": "i tym podobne",
            "etc.": "et cetera", "in.": "inni",
        },
    },
    starters=words(
        "On Ona Ono Oni One Ja Ty My Wy To Ten Ta Te Ci Tamten Tamta Tam Tu Tutaj Wtedy Potem "
        "Następnie Później Teraz Dziś Dzisiaj Wczoraj Jutro A I Ale Lub Albo Jednak Jeśli Jeżeli "
        "Gdy Kiedy Gdzie Skąd Dlaczego Jak Kto Co Czyj Jaki Jaka Ile W We Na Z Ze Do Od Dla Po "
        "Przed Za Nad Pod Przy Przez Bez Między Nie Ani Tak Jego Jej Ich Mój Moja Moje Twój Nasz "
        "Nasza Wasz Swój Wszyscy Wszystko Każdy Wielu Niektórzy Nikt Nic Choć Podczas Aby Żeby Bo "
        "Ponieważ Więc Dlatego Też Także Jeszcze Już Był Była Było Byli Są Jest Być Dziękuję "
        "Proszę U O Miał Miała Mieszka Powiedział Bardzo Czy Oto Pan Pani"
    ),
)  # fmt: skip

_UNITS = {
    "km": "kilometr|kilometry|kilometrów|kilometra|m", "m": "metr|metry|metrów|metra|m",
    "cm": "centymetr|centymetry|centymetrów|centymetra|m",
    "mm": "milimetr|milimetry|milimetrów|milimetra|m",
    "kg": "kilogram|kilogramy|kilogramów|kilograma|m", "g": "gram|gramy|gramów|grama|m",
    "dag": "dekagram|dekagramy|dekagramów|dekagrama|m",
    "mg": "miligram|miligramy|miligramów|miligrama|m",
    "t": "tona|tony|ton|tony|f", "l": "litr|litry|litrów|litra|m", "L": "litr|litry|litrów|litra|m",
    "cl": "centylitr|centylitry|centylitrów|centylitra|m",
    "ml": "mililitr|mililitry|mililitrów|mililitra|m", "ha": "hektar|hektary|hektarów|hektara|m",
    "h": "godzina|godziny|godzin|godziny|f", "godz": "godzina|godziny|godzin|godziny|f",
    "min": "minuta|minuty|minut|minuty|f", "s": "sekunda|sekundy|sekund|sekundy|f",
    "sek": "sekunda|sekundy|sekund|sekundy|f",
    "ms": "milisekunda|milisekundy|milisekund|milisekundy|f",
    "Hz": "herc|herce|herców|herca|m", "kHz": "kiloherc|kiloherce|kiloherców|kiloherca|m",
    "MHz": "megaherc|megaherce|megaherców|megaherca|m",
    "GHz": "gigaherc|gigaherce|gigaherców|gigaherca|m",
    "W": "wat|waty|watów|wata|m", "kW": "kilowat|kilowaty|kilowatów|kilowata|m",
    "MW": "megawat|megawaty|megawatów|megawata|m",
    "kWh": "kilowatogodzina|kilowatogodziny|kilowatogodzin|kilowatogodziny|f",
    "V": "wolt|wolty|woltów|wolta|m", "dB": "decybel|decybele|decybeli|decybela|m",
    "kB": "kilobajt|kilobajty|kilobajtów|kilobajta|m",
    "MB": "megabajt|megabajty|megabajtów|megabajta|m",
    "GB": "gigabajt|gigabajty|gigabajtów|gigabajta|m",
    "TB": "terabajt|terabajty|terabajtów|terabajta|m",
    "km/h": "kilometr na godzinę|kilometry na godzinę|kilometrów na godzinę|kilometra na godzinę|m",
    "m/s": "metr na sekundę|metry na sekundę|metrów na sekundę|metra na sekundę|m",
    "m²": "metr kwadratowy|metry kwadratowe|metrów kwadratowych|metra kwadratowego|m",
    "km²": "kilometr kwadratowy|kilometry kwadratowe|kilometrów kwadratowych|"
    "kilometra kwadratowego|m",
    "m³": "metr sześcienny|metry sześcienne|metrów sześciennych|metra sześciennego|m",
    "°C": "stopień Celsjusza|stopnie Celsjusza|stopni Celsjusza|stopnia Celsjusza|m",
    "°F": "stopień Fahrenheita|stopnie Fahrenheita|stopni Fahrenheita|stopnia Fahrenheita|m",
    "°": "stopień|stopnie|stopni|stopnia|m", "%": "procent|procent|procent|procent|m",
    "proc": "procent|procent|procent|procent|m",
}  # fmt: skip
_MONEY = {
    "zł": "złoty|złote|złotych|złotego|m", "PLN": "złoty|złote|złotych|złotego|m",
    "gr": "grosz|grosze|groszy|grosza|m", "€": "euro|euro|euro|euro|n",
    "EUR": "euro|euro|euro|euro|n",
    "$": "dolar|dolary|dolarów|dolara|m", "USD": "dolar|dolary|dolarów|dolara|m",
    "£": "funt|funty|funtów|funta|m", "¥": "jen|jeny|jenów|jena|m",
    "CHF": "frank szwajcarski|franki szwajcarskie|franków szwajcarskich|franka szwajcarskiego|m",
}  # fmt: skip
_CENTS = {
    "cent": "cent|centy|centów|centa|m", "pens": "pens|pensy|pensów|pensa|m",
    "sen": "sen|seny|senów|sena|m", "rappen": "rappen|rappeny|rappenów|rappena|m",
}  # fmt: skip
_SCALES = {
    "tys": "tysiąc|tysiące|tysięcy|tysiąca|m", "mln": "milion|miliony|milionów|miliona|m",
    "mld": "miliard|miliardy|miliardów|miliarda|m", "bln": "bilion|biliony|bilionów|biliona|m",
}  # fmt: skip

UNITS = nouns(_UNITS)
MONEY = nouns(_MONEY)
SCALES = nouns(_SCALES)
BY_ONE = {noun.one: noun for noun in [*UNITS.values(), *MONEY.values(), *nouns(_CENTS).values()]}
COINS = {"zł": "grosz", "PLN": "grosz", "€": "cent", "EUR": "cent", "$": "cent", "USD": "cent"}
COINS |= {"£": "pens", "¥": "sen", "CHF": "rappen"}

SYMBOLS = {
    "&": "i", "%": "procent", "+": "plus", "=": "równa się", "@": "małpa", "#": "krzyżyk",
    "°": "stopni", "€": "euro", "$": "dolarów", "£": "funtów", "¥": "jenów", "¢": "centów",
    "§": "paragraf", "<": "mniejsze niż", ">": "większe niż", "×": "razy", "÷": "podzielić przez",
    "±": "plus minus", "−": "minus", "²": "do kwadratu", "³": "do sześcianu", "/": "ukośnik",
    "⁄": "przez",
}  # fmt: skip

ADDRESS = {
    ".": "kropka", "@": "małpa", "/": "ukośnik", "-": "myślnik", "_": "podkreślnik",
    "?": "znak zapytania", "=": "równa się", "&": "i", "#": "krzyżyk", ":": "dwukropek",
    "~": "tylda", "+": "plus", "%": "procent",
}  # fmt: skip

GENITIVE = {
    "zero": "zera", "jeden": "jednego", "jedna": "jednej", "jedno": "jednego", "dwa": "dwóch",
    "dwie": "dwóch", "trzy": "trzech", "cztery": "czterech", "pięć": "pięciu", "sześć": "sześciu",
    "siedem": "siedmiu", "osiem": "ośmiu", "dziewięć": "dziewięciu", "dziesięć": "dziesięciu",
    "jedenaście": "jedenastu", "dwanaście": "dwunastu", "trzynaście": "trzynastu",
    "czternaście": "czternastu", "piętnaście": "piętnastu", "szesnaście": "szesnastu",
    "siedemnaście": "siedemnastu", "osiemnaście": "osiemnastu", "dziewiętnaście": "dziewiętnastu",
    "dwadzieścia": "dwudziestu", "trzydzieści": "trzydziestu", "czterdzieści": "czterdziestu",
    "pięćdziesiąt": "pięćdziesięciu", "sześćdziesiąt": "sześćdziesięciu",
    "siedemdziesiąt": "siedemdziesięciu", "osiemdziesiąt": "osiemdziesięciu",
    "dziewięćdziesiąt": "dziewięćdziesięciu", "sto": "stu", "dwieście": "dwustu",
    "trzysta": "trzystu", "czterysta": "czterystu", "pięćset": "pięciuset",
    "sześćset": "sześciuset", "siedemset": "siedmiuset", "osiemset": "ośmiuset",
    "dziewięćset": "dziewięciuset", "tysiąc": "tysiąca", "tysiące": "tysięcy",
    "milion": "miliona", "miliony": "milionów", "miliard": "miliarda", "miliardy": "miliardów",
}  # fmt: skip

# words that demand the genitive
GENITIVE_AFTER = "do|od|ode|około|powyżej|poniżej|bez|dla|ponad|mniej niż|więcej niż"

# names of queens by case: nominative in a, genitive in y or i
QUEENS = "Elżbiet|Katarzyn|Wiktori|Mari|Jadwig|Ann|Małgorzat|Izabel|Krystyn|Zofi|Bon"

FEMININE_PLURAL = words(
    "godziny minuty sekundy osoby kobiety książki tony strony litery liczby kategorie części "
    "dziewczyny dziewczynki córki siostry matki żony szkoły klasy drużyny grupy firmy partie "
    "bramki nagrody ulice ściany drogi rzeki góry wyspy noce doby kwoty zasady próby kawy herbaty "
    "butelki szklanki łyżki łyżeczki kromki sztuki paczki pary ręce nogi gwiazdki gwiazdy płyty "
    "piosenki "
    "ofiary metody przyczyny wersje odpowiedzi rzeczy torby rodziny połowy"
)
MASCULINE_A = words("mężczyzna kolega artysta poeta turysta kierowca sędzia tata dentysta")
FEMININE_SOFT = words("noc rzecz twarz krew sól mysz wieś podróż kolej jesień dłoń pieśń")
# masculine personal nouns in the genitive plural
PERSONS = words(
    "mężczyzn panów chłopców ludzi uczniów studentów żołnierzy piłkarzy lekarzy pracowników "
    "mieszkańców posłów senatorów kandydatów uczestników zawodników graczy członków synów braci "
    "kolegów przyjaciół policjantów kierowców nauczycieli rodziców gości turystów pasażerów "
    "Polaków Niemców Rosjan Ukraińców Żydów widzów wyborców klientów pacjentów"
)
# feminine nouns in the locative, which end like masculine ones
FEMININE_LOCATIVE = words(
    "klasie połowie turze rundzie lidze grupie dekadzie kolejce minucie godzinie dobie szkole "
    "kwarcie serii stronie próbie wersji wojnie zmianie"
)
COLLECTIVE = {
    "dwa": "dwoje", "trzy": "troje", "cztery": "czworo", "pięć": "pięcioro", "sześć": "sześcioro",
    "siedem": "siedmioro", "osiem": "ośmioro", "dziewięć": "dziewięcioro",
    "dziesięć": "dziesięcioro",
}  # fmt: skip
NUMBERED_IN_ROMAN = {
    "rozdział": "m", "tom": "m", "akt": "m", "część": "f", "księga": "f", "klasa": "f",
    "artykuł": "m", "etap": "m", "faza": "f", "typ": "m", "wydanie": "n", "scena": "f",
}  # fmt: skip
