"""Portuguese words: months, abbreviations, units, currencies, symbols."""

from tts.text.normalize.abbreviations import Abbreviations, Kind
from tts.text.normalize.calendar import is_date
from tts.text.normalize.shared_rules import Currency
from tts.text.normalize.word_lists import words

MONTHS = [
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro",
    "outubro", "novembro", "dezembro",
]  # fmt: skip

WEEKDAYS = {
    "seg": "segunda-feira", "ter": "terça-feira", "qua": "quarta-feira", "qui": "quinta-feira",
    "sex": "sexta-feira", "sáb": "sábado", "dom": "domingo",
}  # fmt: skip
_SHORT_MONTHS = {
    "jan.": "janeiro", "fev.": "fevereiro", "mar.": "março", "abr.": "abril", "jun.": "junho",
    "jul.": "julho", "ago.": "agosto", "set.": "setembro", "out.": "outubro", "nov.": "novembro",
    "dez.": "dezembro",
}  # fmt: skip

ABBREVIATIONS = Abbreviations(
    {
        Kind.INSIDE: {
            "Sr.": "senhor", "Sra.": "senhora", "Srta.": "senhorita", "Srs.": "senhores",
            "Sras.": "senhoras", "Dr.": "doutor", "Dra.": "doutora",
            "Dr.a": "doutora", "Dr.o": "doutor", "Sr.a": "senhora",
            "Sr.o": "senhor", "Eng.o": "engenheiro", "Eng.a": "engenheira", "Arq.a": "arquiteta",
            "V. Ex.a": "vossa excelência", "Ex.mo": "excelentíssimo", "Ex.ma": "excelentíssima",
            "N.a Sr.a": "nossa senhora", "Dto.": "direito",
            **{f"R. {of}": f"rua {of}" for of in ("do", "da", "de", "dos", "das")},
            "esq.": "esquerdo", "dto.": "direito", "Drs.": "doutores",
            "Prof.": "professor", "Profa.": "professora", "Prof.a": "professora",
            "Eng.": "engenheiro", "Enga.": "engenheira", "Arq.": "arquiteto",
            "Exmo.": "excelentíssimo", "Exma.": "excelentíssima", "V. Exa.": "vossa excelência",
            "Gen.": "general", "Cel.": "coronel", "Cap.": "capitão", "Ten.": "tenente",
            "Pe.": "padre", "Fr.": "frei", "Sto.": "santo", "Sta.": "santa", "D.a": "dona",
            "p. ex.": "por exemplo", "por ex.": "por exemplo", "ex.": "exemplo", "cf.": "confira",
            "Av.": "avenida", "Pça.": "praça", "Trav.": "travessa", "tel.": "telefone",
            "aprox.": "aproximadamente", "máx.": "máximo", "mín.": "mínimo",
            "Vossa Exa.": "vossa excelência", "Ilmo.": "ilustríssimo",
        },
        Kind.BEFORE_NAME: {
            "D.": "dom", "S.": "são", "R.": "rua",
        },
        Kind.BEFORE_NUMBER: {
            "pág.": "página", "págs.": "páginas", "p.": "página", "pp.": "páginas", "n.o": "número",
            "nº": "número", "n°": "número",
            **{f"{short}.": day for short, day in WEEKDAYS.items()}, "núm.": "número",
            "art.": "artigo",
            "arts.": "artigos", "cap.": "capítulo", "vol.": "volume", "fig.": "figura",
            "séc.": "século", "sécs.": "séculos", "t.": "tomo",
        },
        Kind.UNIT: {
            "min.": "", "seg.": "", "h.": "",
        },
        Kind.COUNTED: {
            **_SHORT_MONTHS, "pess.": "pessoas", "hab.": "habitantes",
            "págs.": "páginas", "ed.": "edição",
        },
        Kind.AMBIGUOUS: {
            **{f"de {short}": f"de {month}" for short, month in _SHORT_MONTHS.items()},
            "a. C.": "antes de Cristo", "d. C.": "depois de Cristo", "Cia.": "companhia",
            "ed.": "edição",
            "Ltda.": "limitada", "Lda.": "limitada", "S. A.": "S A", "Jr.": "júnior",
            "a. m.": "a m", "p. m.": "p m", "séc.": "século",
        },
        Kind.ENDING: {
            "etc.": "et cetera", "e ss.": "e seguintes", "E. U. A.": "Estados Unidos",
        },
    },
    starters=words(
        "O A Os As Um Uma Uns Umas Do Da Dos Das De No Na Nos Nas Em Ao Aos À Às Eu Tu Você Vocês "
        "Ele Ela Nós Eles Elas Este Esta Isto Estes Estas Esse Essa Isso Esses Essas Aquele "
        "Aquela Aquilo E Mas Ou Porém Porque Pois Logo Então Depois Antes Agora Hoje Ontem Amanhã "
        "Aqui Ali Lá Quando Onde Como Se Embora Enquanto Desde Até Com Sem Por Para Sobre Entre "
        "Contra Segundo Não Sim Nem Também Nunca Sempre Todo Todos Toda Todas Cada Alguns Algumas "
        "Muitos Muitas Ninguém Nada Alguém Algo Meu Minha Seu Sua Seus Suas Nosso Nossa Que Quem "
        "Qual Quanto É São Era Foi Há Está Estão Obrigado Obrigada Além Assim Já Mora Vive Disse "
        "Mais Muito Tem Pelo Pela"
    ),
    rejects=lambda name, kind, before, after: (
        kind is Kind.BEFORE_NUMBER and name.rstrip(".") in WEEKDAYS and not is_date(after)
    ),
)  # fmt: skip

# names of rulers, after which one letter is a numeral
RULERS = words(
    "João Pedro Manuel Afonso Dinis Sancho Fernando Filipe Carlos Luís Miguel José Maria Isabel "
    "Henrique Sebastião Duarte Pio Bento Leão Gregório Clemente Inocêncio Urbano Paulo Nicolau "
    "Francisco Guilherme Jorge Eduardo Ricardo Napoleão Frederico Leopoldo Catarina Margarida "
    "Otão Ramsés Alexandre Juan Elizabeth Elisabete"
)
QUEENS = words("Maria Isabel Catarina Margarida Elizabeth Elisabete Cristina Vitória")
NOT_RULERS = words("O A Os As Um Uma Do Da No Na Em De E Ou É")
NUMBERED_IN_ROMAN = (
    "capítulo|tomo|ato|cena|livro|parte|volume|anexo|título|artigo|fase|tipo|nível|grupo"
)

FEMININE = words(
    "noite vez mão parte gente classe mãe mulher chave nave torre fonte morte carne luz voz cruz "
    "paz parede rede lei imagem ordem foto moto rádio tarde série base frase libra cor flor dor "
    "página pessoa irmã maçã manhã avó tribo"
)
NOT_FEMININE = words(
    "dia mapa problema sistema tema programa idioma clima poema planeta cometa drama dilema "
    "sintoma fantasma diploma telegrama quilograma grama sofá papá guarda artista turista "
    "jornalista avião cartão coração para contra até cada nada era"
)
FEMININE_ENDING = r".+(?:a|[çs]ão|dade|tude|gem|ice|ez)"

# words after a number that it does not count
NOT_NOUNS = (
    "e|ou|o|a|os|as|ao|de|do|da|dos|das|em|no|na|com|sem|por|para|sobre|é|são|está|que|quem|mas|"
    "nem|não|se|mais|menos|entre|desde|até|como|quando|já|foi|era|há|mil|milhões|bilhões|também"
)
NUMBERED = "página|número|capítulo|tomo|artigo|volume|figura|linha|canal|ato|século|ano|andar"

UNITS = {
    "km": ("quilômetro", "quilômetros"), "m": ("metro", "metros"), "cm": ("centímetro",
    "centímetros"), "mm": ("milímetro", "milímetros"), "μm": ("micrômetro", "micrômetros"),
    "nm": ("nanômetro", "nanômetros"), "kg": ("quilograma", "quilogramas"), "g": ("grama",
    "gramas"), "mg": ("miligrama", "miligramas"), "t": ("tonelada", "toneladas"),
    "l": ("litro", "litros"), "L": ("litro", "litros"), "ml": ("mililitro", "mililitros"),
    "cl": ("centilitro", "centilitros"), "ha": ("hectare", "hectares"), "ms": ("milissegundo",
    "milissegundos"), "s": ("segundo", "segundos"), "seg": ("segundo", "segundos"), "min":
    ("minuto", "minutos"), "h": ("hora", "horas"), "Hz": ("hertz", "hertz"), "kHz": ("quilohertz",
    "quilohertz"), "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "W":
    ("watt", "watts"), "kW": ("quilowatt", "quilowatts"), "MW": ("megawatt", "megawatts"), "kWh":
    ("quilowatt-hora", "quilowatts-hora"), "V": ("volt", "volts"), "dB": ("decibel", "decibéis"),
    "kB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"), "GB": ("gigabyte",
    "gigabytes"), "TB": ("terabyte", "terabytes"), "km/h": ("quilômetro por hora",
    "quilômetros por hora"), "m/s": ("metro por segundo", "metros por segundo"), "m²":
    ("metro quadrado", "metros quadrados"), "km²": ("quilômetro quadrado", "quilômetros quadrados"),
    "m³": ("metro cúbico", "metros cúbicos"), "°C": ("grau Celsius", "graus Celsius"), "°F":
    ("grau Fahrenheit", "graus Fahrenheit"), "°": ("grau", "graus"), "%": ("por cento",
    "por cento"),
}  # fmt: skip
# spelled otherwise in Portugal
EUROPEAN = {"quilô": "quiló", "micrô": "micró", "nanô": "nanó"}

CURRENCIES = {
    "R$": Currency("real", "reais", "centavo", "centavos"),
    "BRL": Currency("real", "reais", "centavo", "centavos"),
    "€": Currency("euro", "euros", "cêntimo", "cêntimos"),
    "EUR": Currency("euro", "euros", "cêntimo", "cêntimos"),
    "$": Currency("dólar", "dólares", "centavo", "centavos"),
    "US$": Currency("dólar", "dólares", "centavo", "centavos"),
    "USD": Currency("dólar", "dólares", "centavo", "centavos"),
    "£": Currency("libra", "libras", "penny", "pence"),
    "¥": Currency("iene", "ienes", "sen", "sens"),
}

SYMBOLS = {
    "&": "e", "%": "por cento", "+": "mais", "=": "igual a", "@": "arroba", "#": "cardinal",
    "°": "graus", "€": "euros", "$": "dólares", "£": "libras", "¥": "ienes", "¢": "centavos",
    "§": "parágrafo", "<": "menor que", ">": "maior que", "×": "vezes", "÷": "dividido por",
    "±": "mais ou menos", "−": "menos", "²": "ao quadrado", "³": "ao cubo", "/": "barra",
    "⁄": "sobre",
}  # fmt: skip

ADDRESS = {
    ".": "ponto", "@": "arroba", "/": "barra", "-": "hífen", "_": "underline",
    "?": "interrogação", "=": "igual", "&": "e", "#": "cardinal", ":": "dois pontos",
    "~": "til", "+": "mais", "%": "por cento",
}  # fmt: skip

FRACTIONS = {
    2: "meio", 3: "terço", 4: "quarto", 5: "quinto", 6: "sexto", 7: "sétimo", 8: "oitavo",
    9: "nono", 10: "décimo", 100: "centésimo", 1000: "milésimo",
}  # fmt: skip
