"""English words: units, currencies, symbols, letters."""

from tts.text.normalize.shared_rules import Currency

UNITS = {
    "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter",
    "centimeters"), "mm": ("millimeter", "millimeters"), "μm": ("micrometer", "micrometers"),
    "nm": ("nanometer", "nanometers"), "mi": ("mile", "miles"), "yd": ("yard", "yards"),
    "ft": ("foot", "feet"), "ft.": ("foot", "feet"), "in.": ("inch", "inches"),
    "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"), "mg": ("milligram", "milligrams"),
    "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "lbs.": ("pound", "pounds"),
    "oz": ("ounce", "ounces"), "oz.": ("ounce", "ounces"), "t": ("ton", "tons"),
    "l": ("liter", "liters"), "L": ("liter", "liters"), "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"), "ms": ("millisecond", "milliseconds"),
    "s": ("second", "seconds"), "sec": ("second", "seconds"), "min": ("minute", "minutes"),
    "h": ("hour", "hours"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"),
    "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"), "MHz": ("megahertz",
    "megahertz"), "GHz": ("gigahertz", "gigahertz"), "W": ("watt", "watts"), "kW": ("kilowatt",
    "kilowatts"), "MW": ("megawatt", "megawatts"), "kWh": ("kilowatt hour", "kilowatt hours"),
    "V": ("volt", "volts"), "dB": ("decibel", "decibels"), "kB": ("kilobyte", "kilobytes"),
    "KB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"), "GB": ("gigabyte",
    "gigabytes"), "TB": ("terabyte", "terabytes"), "mph": ("mile per hour", "miles per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"), "m/s": ("meter per second",
    "meters per second"), "m²": ("square meter", "square meters"), "km²": ("square kilometer",
    "square kilometers"), "m³": ("cubic meter", "cubic meters"), "cm³": ("cubic centimeter",
    "cubic centimeters"), "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit",
    "degrees Fahrenheit"), "°": ("degree", "degrees"), "%": ("percent", "percent"),
}  # fmt: skip

CURRENCIES = {
    "$": Currency("dollar", "dollars", "cent", "cents"),
    "US$": Currency("dollar", "dollars", "cent", "cents"),
    "£": Currency("pound", "pounds", "penny", "pence"),
    "€": Currency("euro", "euros", "cent", "cents"),
    "¥": Currency("yen", "yen", "sen", "sen"),
}

SYMBOLS = {
    "&": "and", "%": "percent", "+": "plus", "=": "equals", "@": "at", "#": "hash", "°": "degrees",
    "€": "euros", "$": "dollars", "£": "pounds", "¥": "yen", "§": "section", "<": "less than",
    ">": "greater than", "×": "times", "÷": "divided by", "±": "plus or minus", "−": "minus",
    "²": "squared", "³": "cubed", "/": "slash", "⁄": "over", "¢": "cents",
}  # fmt: skip

# read letter by letter; espeak-ng would read them as words
LETTERS = ["US", "USA", "UK", "UN", "EU", "UAE", "AI", "IT", "ID", "TV", "PC", "IQ", "OS", "IP"]
LETTERS += ["UI", "AC", "DC"]

# words before a Roman numeral read as a cardinal: "World War two", but "Henry the eighth"
COUNTED = {"War", "Part", "Book", "Chapter", "Volume", "Act", "Scene", "Section", "Class", "Phase"}
COUNTED |= {"Type", "Appendix", "Article", "Level"}
