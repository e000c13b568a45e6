"""Words for common marks in languages without a file of their own."""

from typing import NamedTuple


class Marks(NamedTuple):
    minus: str
    percent: str
    degrees: str
    celsius: str
    at: str  # in addresses
    dot: str


MARKS = {
    "ar": Marks("ناقص", "بالمئة", "درجة", "مئوية", "آت", "نقطة"),
    "bg": Marks("минус", "процента", "градуса", "Целзий", "кльомба", "точка"),
    "bs": Marks("minus", "posto", "stepeni", "Celzijusa", "et", "tačka"),
    "ca": Marks("menys", "per cent", "graus", "Celsius", "arrova", "punt"),
    "cs": Marks("minus", "procent", "stupňů", "Celsia", "zavináč", "tečka"),
    "da": Marks("minus", "procent", "grader", "celsius", "snabel-a", "punktum"),
    "el": Marks("μείον", "τοις εκατό", "βαθμοί", "Κελσίου", "παπάκι", "τελεία"),
    "et": Marks("miinus", "protsenti", "kraadi", "Celsiust", "ät", "punkt"),
    "fi": Marks("miinus", "prosenttia", "astetta", "Celsiusta", "ät", "piste"),
    "he": Marks("מינוס", "אחוז", "מעלות", "צלזיוס", "שטרודל", "נקודה"),
    "hi": Marks("माइनस", "प्रतिशत", "डिग्री", "सेल्सियस", "ऐट", "डॉट"),
    "hr": Marks("minus", "posto", "stupnjeva", "Celzijusa", "et", "točka"),
    "hu": Marks("mínusz", "százalék", "fok", "Celsius", "kukac", "pont"),
    "id": Marks("minus", "persen", "derajat", "Celsius", "at", "titik"),
    "ja": Marks("マイナス", "パーセント", "ど", "", "アット", "ドット"),
    "ko": Marks("마이너스", "퍼센트", "도", "", "골뱅이", "점"),
    "lt": Marks("minus", "procentų", "laipsnių", "Celsijaus", "eta", "taškas"),
    "lv": Marks("mīnus", "procenti", "grādi", "pēc Celsija", "et", "punkts"),
    "nb": Marks("minus", "prosent", "grader", "celsius", "krøllalfa", "punktum"),
    "ro": Marks("minus", "la sută", "grade", "Celsius", "arond", "punct"),
    "sk": Marks("mínus", "percent", "stupňov", "Celzia", "zavináč", "bodka"),
    "sl": Marks("minus", "odstotkov", "stopinj", "Celzija", "afna", "pika"),
    "sr": Marks("minus", "posto", "stepeni", "Celzijusa", "et", "tačka"),
    "sv": Marks("minus", "procent", "grader", "Celsius", "snabel-a", "punkt"),
    "tr": Marks("eksi", "yüzde", "derece", "santigrat", "et", "nokta"),
    "uk": Marks("мінус", "відсотків", "градусів", "Цельсія", "собака", "крапка"),
    "vi": Marks("âm", "phần trăm", "độ", "xê", "a còng", "chấm"),
}
MARKS |= {"no": MARKS["nb"], "nn": MARKS["nb"]}
