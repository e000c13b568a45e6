"""English abbreviations, and the words that begin a sentence."""

import re

from tts.text.normalize.abbreviations import Abbreviations, Kind

MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
]  # fmt: skip
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

_SHORT_MONTHS = {month[:3] + ".": month for month in MONTHS if month != "May"}
_SHORT_MONTHS |= {"Sept.": "September", "Febr.": "February"}
_SHORT_DAYS = {day[:3] + ".": day for day in WEEKDAYS}
_SHORT_DAYS |= {"Tues.": "Tuesday", "Weds.": "Wednesday", "Thur.": "Thursday", "Thurs.": "Thursday"}

_BEFORE_NAME = {
    "Dr.": "Doctor", "Drs.": "Doctors", "Gen.": "General", "Col.": "Colonel", "Lt.": "Lieutenant",
    "Sgt.": "Sergeant", "Capt.": "Captain", "Cpl.": "Corporal", "Pvt.": "Private",
    "Cmdr.": "Commander", "Adm.": "Admiral", "Maj.": "Major", "Gov.": "Governor",
    "Sen.": "Senator", "Sens.": "Senators", "Rep.": "Representative", "Reps.": "Representatives",
    "Rev.": "Reverend", "Hon.": "Honorable", "Pres.": "President", "Supt.": "Superintendent",
    "Fr.": "Father", "St.": "Saint", "Sts.": "Saints", "Mt.": "Mount", "Ft.": "Fort",
    "Det.": "Detective", "Insp.": "Inspector", "Amb.": "Ambassador", "Atty.": "Attorney",
    "Pt.": "Point", "Bros.": "Brothers",
}  # fmt: skip

_BEFORE_NUMBER = {
    "No.": "number", "Nos.": "numbers", "Fig.": "figure", "Figs.": "figures", "Vol.": "volume",
    "Vols.": "volumes", "p.": "page", "pp.": "pages", "Sect.": "section", "Ch.": "chapter",
    "Chs.": "chapters",
    "Chap.": "chapter", "Sec.": "section", "Secs.": "sections", "Art.": "article",
    "Eq.": "equation", "Eqs.": "equations", "Ex.": "example", "Pt.": "part", "Rt.": "route",
    "Rte.": "route", "Apt.": "apartment", "Ste.": "suite", "Bk.": "book", "Ver.": "version",
    "c.": "circa", "b.": "born", "d.": "died", "Para.": "paragraph", "Paras.": "paragraphs",
    "Op.": "opus", "Ext.": "extension", "Rm.": "room", "Tel.": "telephone", "Est.": "established",
    "Rs.": "₹", "App.": "appendix", "Ref.": "reference", "Tab.": "table",
}  # fmt: skip
_BEFORE_NUMBER |= {name.lower(): words for name, words in _BEFORE_NUMBER.items()}

# books of the Bible, before a verse
_BOOKS = {
    "Matt.": "Matthew", "Gen.": "Genesis", "Exod.": "Exodus", "Lev.": "Leviticus",
    "Deut.": "Deuteronomy", "Josh.": "Joshua", "Ps.": "Psalm", "Prov.": "Proverbs",
    "Isa.": "Isaiah", "Jer.": "Jeremiah", "Rom.": "Romans", "Cor.": "Corinthians",
    "Gal.": "Galatians", "Eph.": "Ephesians", "Heb.": "Hebrews", "Rev.": "revision",
}  # fmt: skip

_UNITS = """
min. mins. sec. secs. hr. hrs. h. wk. wks. mo. mos. yr. yrs. ft. in. yd. yds. mi. lb. lbs. oz. pt.
qt. gal. m. km. cm. mm. g. kg. mg. l. ml. tsp. tbsp. deg. sq. cu. fl. pct.
"""

_INSIDE = {
    "Mr": "Mister", "Mrs": "Missis", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor",
    "Mr.": "Mister", "Mrs.": "Missis", "Ms.": "Miz", "Mx.": "Mix", "Prof.": "Professor",
    "Messrs.": "Messers", "e.g.": "for example", "i.e.": "that is", "eg.": "for example",
    "ie.": "that is", "cf.": "compare", "ca.": "circa", "viz.": "namely", "vs.": "versus",
    "vs": "versus", "v.": "versus", "approx.": "approximately", "resp.": "respectively",
    "incl.": "including", "excl.": "excluding", "esp.": "especially", "avg.": "average",
    "w/o": "without", "w/": "with", "b/c": "because", "c/o": "care of", "asst.": "assistant",
    "misc.": "miscellaneous", "temp.": "temperature", "max.": "maximum", "min.": "minimum",
    "a.k.a.": "also known as", "aka": "also known as", "n.b.": "nota bene",
}  # fmt: skip

_AMBIGUOUS = {
    "Inc.": "Incorporated", "Ltd.": "Limited", "Corp.": "Corporation", "Co.": "Company",
    "Cos.": "Companies", "Bros.": "Brothers", "Jr.": "Junior", "Sr.": "Senior", "Jr": "Junior",
    "Sr": "Senior", "Esq.": "Esquire", "Ph.D.": "P H D", "Ph.D": "P H D",
    "Ed.D.": "E D D", "M.Sc.": "M S C", "B.Sc.": "B S C", "Dr.": "Drive", "St.": "Street",
    "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "Ln.": "Lane", "Hwy.": "Highway",
    "Pkwy.": "Parkway", "Bldg.": "Building", "Dept.": "Department", "Depts.": "Departments",
    "Univ.": "University", "Inst.": "Institute", "Assn.": "Association", "Govt.": "Government",
    "Natl.": "National", "Intl.": "International", "Mfg.": "Manufacturing", "Gen.": "General",
    "Gov.": "Governor", "Rev.": "Reverend", "et al.": "and others", "ibid.": "ibidem",
    "Calif.": "California", "Conn.": "Connecticut", "Fla.": "Florida", "Ariz.": "Arizona",
    "Colo.": "Colorado", "Minn.": "Minnesota", "Tenn.": "Tennessee", "Wis.": "Wisconsin",
    "Okla.": "Oklahoma", "Pl.": "Place", "Ct.": "Court", "Sq.": "Square", **_SHORT_MONTHS,
    **_SHORT_DAYS,
}  # fmt: skip

# $3 per lb.
_PER = {
    "lb.": "pound", "oz.": "ounce", "gal.": "gallon", "hr.": "hour", "min.": "minute",
    "sec.": "second", "wk.": "week", "mo.": "month", "yr.": "year", "ft.": "foot", "mi.": "mile",
}  # fmt: skip
_AMBIGUOUS |= _PER

_ENDING = {"etc.": "et cetera", "etc": "et cetera", "a.m.": "A M", "p.m.": "P M"}
_STREETS = {"St.": "Street", "Dr.": "Drive", "Ave.": "Avenue", "Rd.": "Road", "Blvd.": "Boulevard"}
_STREETS |= {"Ln.": "Lane"}
_ENDING |= _STREETS
# a.m. and p.m. before a day or a time zone
_AMBIGUOUS |= {"a.m.": "A M", "p.m.": "P M"}

_STARTERS = """
The A An This That These Those There Here He She It They We You I His Her Its Their Our My Your
One Some Many Most All Each Every Both Few Several Another Others Such No Not None Nobody Nothing
Everyone Everybody Everything Someone Somebody Something Anyone In On At By For From With Without
After Before During Until Under Over Between Among Through Throughout Despite Since As If Unless
While When Whenever Where Wherever Although Though Because But And Or So Yet Nor Then Now Today
Tomorrow Yesterday Tonight Also Too However Therefore Thus Hence Moreover Furthermore Meanwhile
Instead Indeed Perhaps Maybe Finally Later Soon Once Still Even Only Just Again Already Always
Never Sometimes Often Usually Eventually Suddenly Unfortunately Fortunately Recently Currently
Nevertheless Nonetheless Otherwise Besides Afterwards Next First Second Last What Who Whom Whose
Which Why How Is Are Was Were Am Do Does Did Has Have Had Can Could Would Should Might Must Shall
Let Please Yes Oh Well Of To Like Unlike According Whether Whatever Whoever Don Doesn Didn Isn
Aren Wasn Weren Come Go See Look Take Get Give Tell Ask Call Ok Okay Good Nice Thanks Sorry
"""

_LETTERED = """
a an the vitamin vitamins plan grade grades type class group team option hepatitis letter
letters exhibit appendix figure part section model size blood got category
"""

_DAY_OR_ZONE = re.compile(
    rf"\s*\(?(?:{'|'.join([*WEEKDAYS, *(day[:3] for day in WEEKDAYS), *MONTHS])}"
    r"|Eastern|Central|Mountain|Pacific|Greenwich|(?:[ECMP][SD]?|GM|BS|CES|CE|IS|JS)T|UTC)\b"
)
_IN_MONTH = re.compile(
    r"(?:\b(?:in|on|of|since|by|until|till|from|to|last|next|every|this|early|late|mid|and|through|between)"
    r"[ -]|\d(?:st|nd|rd|th)?[ -]|[-—/] ?)$",
    re.IGNORECASE,
)
_AND_DATE = re.compile(r"\s?(?:and|or|to|-|&|/) ?(?:Feb|Mar|Dec|Apr|Sun|Fri|Mon)\b")
_SAYS = re.compile(
    r"\b(?:say|says|said|saying|tell|tells|told|answer|answers|answered|reply|replies|replied|"
    r"shouted|whispered|cried|mean|means|meant|vote|voted|yes or)"
    r"(?: (?:him|her|me|them|us|you|it|to|\w+ly|was|is|a|big|clear|firm|simple))*[:,]? [\"'“‘]?$",
    re.IGNORECASE,
)
_DETERMINER = re.compile(
    r"\b(?:a|an|the|my|his|her|your|our|their|this|that|one|each|some|any) $", re.IGNORECASE
)
# on Main St., 12 Oak Dr., but in East St. Louis
_STREET = re.compile(
    r"(?:\b(?:on|at|along|down|up|off|across|corner of|near)|\d(?:st|nd|rd|th)?) "
    r"(?:[NSEW]\.? |(?:North|South|East|West) )?(?:[A-Z][a-z]+|\d+(?:st|nd|rd|th)) $"
)
_DIRECTION = re.compile(
    r"\s*(?:[NS][EW]?|[EW]|North|South|East|West|Apt|Suite|Ste|Bridge|Station|Church)\b"
)
_BEFORE_SAINT = re.compile(r"\b(?:East|Port|Mount|Fort|Lake|New|Old|Bay) $")
_NAME_BEFORE = re.compile(r"(?:[A-Z][\w']+|\d(?:st|nd|rd|th)) $")
_PER_BEFORE = re.compile(r"\bper $")
_ALSO_WORDS = {"fig.", "sec.", "app.", "art.", "ex.", "tab.", "ref.", "op.", "sun.", "sat.", "no."}


def _rejects(name: str, kind: Kind, before: str, after: str) -> bool:
    """Return whether ``name`` is a word or another abbreviation in its context."""
    lower = name.lower()
    is_number = re.match(r"\s?\d", after) is not None
    if kind is Kind.BEFORE_NUMBER:
        if lower == "no.":
            return not is_number or _SAYS.search(before) is not None
        if name == "Gen.":
            return re.match(r"\s?\d+:\d", after) is None
        if sum(map(str.isalpha, name)) == 1 or name in _BOOKS:
            return not is_number
        return lower in _ALSO_WORDS and _DETERMINER.search(before) is not None
    if kind is Kind.BEFORE_NAME and lower in ("st.", "dr.") and after[:1] == ",":
        return True  # Baker St., London
    if kind is Kind.BEFORE_NAME and lower in ("st.", "dr."):
        return _STREET.search(before) is not None and not _BEFORE_SAINT.search(before)
    if kind is Kind.ENDING and name in _STREETS:
        return _STREET.search(before) is None or _DIRECTION.match(after) is not None
    if name in _PER and (kind is Kind.AMBIGUOUS or name == "min."):
        return kind is not Kind.AMBIGUOUS if _PER_BEFORE.search(before) else kind is Kind.AMBIGUOUS
    if kind is Kind.AMBIGUOUS:
        if lower in ("a.m.", "p.m."):
            return not _DAY_OR_ZONE.match(after)
        if name in ("Jan.", "Mar.", "Sat.", "Sun."):
            return not (is_number or _IN_MONTH.search(before) or _AND_DATE.match(after))
        if name in _STREETS and _STREET.search(before) and not _DIRECTION.match(after):
            return True
        if name in _STREETS or name in ("Pl.", "Ct.", "Sq."):
            return not _NAME_BEFORE.search(before)
    if kind is Kind.INSIDE and name == "Max.":
        return not is_number
    return False


ABBREVIATIONS = Abbreviations(
    {
        Kind.BEFORE_NAME: _BEFORE_NAME,
        Kind.BEFORE_NUMBER: _BEFORE_NUMBER | _BOOKS | _SHORT_MONTHS | _SHORT_DAYS,
        Kind.UNIT: dict.fromkeys(_UNITS.split(), "") | {"in.": "inches", "deg.": "degrees"},
        Kind.INSIDE: _INSIDE,
        Kind.AMBIGUOUS: _AMBIGUOUS,
        Kind.ENDING: _ENDING,
    },
    _STARTERS.split(),
    _rejects,
    lettered=_LETTERED.split(),
)
