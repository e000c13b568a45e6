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
    "cm²": ("square centimeter", "square centimeters"), "mm²": ("square millimeter", "square "
    "millimeters"), "ft²": ("square foot", "square feet"), "in²": ("square inch", "square inches"),
    "km³": ("cubic kilometer", "cubic kilometers"), "ft³": ("cubic foot", "cubic feet"),
    "sq ft": ("square foot", "square feet"), "sq m": ("square meter", "square meters"),
    "sq mi": ("square mile", "square miles"), "cu ft": ("cubic foot", "cubic feet"),
    "fl oz": ("fluid ounce", "fluid ounces"), "yr": ("year", "years"), "yrs": ("year", "years"),
    "mo": ("month", "months"), "wk": ("week", "weeks"), "wks": ("week", "weeks"),
    "mins": ("minute", "minutes"), "secs": ("second", "seconds"), "yds": ("yard", "yards"),
    "gal": ("gallon", "gallons"), "pt": ("pint", "pints"), "qt": ("quart", "quarts"),
    "tsp": ("teaspoon", "teaspoons"), "tbsp": ("tablespoon", "tablespoons"),
    "inches": ("inch", "inches"), "hectares": ("hectare", "hectares"), "ha": ("hectare",
    "hectares"), "kcal": ("kilocalorie", "kilocalories"), "cal": ("calorie", "calories"),
    "kPa": ("kilopascal", "kilopascals"), "Pa": ("pascal", "pascals"), "hPa": ("hectopascal",
    "hectopascals"), "mA": ("milliamp", "milliamps"), "mAh": ("milliamp hour", "milliamp hours"),
    "kV": ("kilovolt", "kilovolts"), "mV": ("millivolt", "millivolts"), "GW": ("gigawatt",
    "gigawatts"), "MWh": ("megawatt hour", "megawatt hours"), "GWh": ("gigawatt hour",
    "gigawatt hours"), "Mbps": ("megabit per second", "megabits per second"), "Gbps": ("gigabit "
    "per second", "gigabits per second"), "MB/s": ("megabyte per second", "megabytes per second"),
    "PB": ("petabyte", "petabytes"), "rpm": ("R P M", "R P M"), "fps": ("frame per second",
    "frames per second"), "dpi": ("D P I", "D P I"), "μg": ("microgram", "micrograms"), "mcg":
    ("microgram", "micrograms"), "μs": ("microsecond", "microseconds"), "ns": ("nanosecond",
    "nanoseconds"), "kN": ("kilonewton", "kilonewtons"), "hp": ("horsepower", "horsepower"),
    "m/s²": ("meter per second squared", "meters per second squared"), "K": ("K", "K"),
    "mpg": ("mile per gallon", "miles per gallon"), "kph": ("kilometer per hour",
    "kilometers per hour"), "kt": ("knot", "knots"),
    "st": ("stone", "stone"), "pct": ("percent", "percent"), "MP": ("megapixel", "megapixels"),
}  # fmt: skip

CURRENCIES = {
    "$": Currency("dollar", "dollars", "cent", "cents"),
    "US$": Currency("dollar", "dollars", "cent", "cents"),
    "£": Currency("pound", "pounds", "penny", "pence"),
    "€": Currency("euro", "euros", "cent", "cents"),
    "¥": Currency("yen", "yen", "sen", "sen"),
    "A$": Currency("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "CA$": Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "NZ$": Currency("New Zealand dollar", "New Zealand dollars", "cent", "cents"),
    "HK$": Currency("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "USD": Currency("U S dollar", "U S dollars", "cent", "cents"),
    "EUR": Currency("euro", "euros", "cent", "cents"),
    "GBP": Currency("British pound", "British pounds", "penny", "pence"),
    "JPY": Currency("Japanese yen", "Japanese yen", "sen", "sen"),
    "CHF": Currency("Swiss franc", "Swiss francs", "centime", "centimes"),
    "CAD": Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "AUD": Currency("Australian dollar", "Australian dollars", "cent", "cents"),
    "RUB": Currency("ruble", "rubles", "kopeck", "kopecks"),
    "₹": Currency("rupee", "rupees", "paisa", "paise"),
}

# behind a town and a comma
STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
    "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah",
    "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip

SYMBOLS = {
    "&": "and", "%": "percent", "+": "plus", "=": "equals", "@": "at", "#": "hash", "°": "degrees",
    "€": "euros", "$": "dollars", "£": "pounds", "¥": "yen", "§": "section", "<": "less than",
    ">": "greater than", "×": "times", "÷": "divided by", "±": "plus or minus", "−": "minus",
    "²": "squared", "³": "cubed", "/": "slash", "⁄": "over", "¢": "cents",
}  # fmt: skip
