"""Number words, months, percent signs and negations of English, Hindi and Marathi, as the parity check reads them."""

from collections.abc import Mapping
from decimal import Decimal

HYPHENS = frozenset("-–—‐‑")

_WORDS = {
    "1": "one एक",
    "2": "two दो दोन",
    "3": "three तीन",
    "4": "four चार",
    "5": "five पांच पाँच पाच",
    "6": "six छह छः छे सहा",
    "7": "seven सात",
    "8": "eight आठ",
    "9": "nine नौ नऊ",
    "10": "ten दस दहा",
    "11": "eleven ग्यारह अकरा",
    "12": "twelve बारह बारा",
    "13": "thirteen तेरह तेरा",
    "14": "fourteen चौदह चौदा",
    "15": "fifteen पंद्रह पन्द्रह पंधरा",
    "16": "sixteen सोलह सोळा",
    "17": "seventeen सत्रह सतरा",
    "18": "eighteen अठारह अठरा",
    "19": "nineteen उन्नीस एकोणीस",
    "20": "twenty बीस वीस",
    "24": "चौबीस चोवीस",
    "25": "पच्चीस पंचवीस",
    "30": "thirty तीस",
    "35": "पैंतीस पस्तीस",
    "36": "छत्तीस",
    "40": "forty चालीस चाळीस",
    "45": "पैंतालीस पंचेचाळीस",
    "50": "fifty पचास पन्नास",
    "60": "sixty साठ",
    "70": "seventy सत्तर",
    "75": "पचहत्तर पंच्याहत्तर",
    "80": "eighty अस्सी ऐंशी",
    "90": "ninety नब्बे नव्वद",
    "1.5": "डेढ़ दीड",
    "2.5": "ढाई अडीच",
    "200": "दोनशे",
    "300": "तीनशे",
    "400": "चारशे",
    "500": "पाचशे",
}
NUMBERS: Mapping[str, Decimal] = {word: Decimal(value) for value, words in _WORDS.items() for word in words.split()}
MULTIPLIERS: Mapping[str, int] = {
    word: value
    for value, words in (
        (100, "hundred सौ शंभर"),
        (1_000, "thousand हजार हज़ार"),
        (100_000, "lakh lakhs lac lacs लाख"),
        (1_000_000, "million millions"),
        (10_000_000, "crore crores करोड़ कोटी"),
    )
    for word in words.split()
}
PERCENT = frozenset(["%", "percent", "pc", "प्रतिशत", "फीसदी", "फ़ीसदी"])
PERCENT_STEMS = ("टक्क", "टक्के", "शेकडा")
MONTHS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "january jan जनवरी जानेवारी",
            "february feb फरवरी फ़रवरी फेब्रुवारी",
            "march mar मार्च",
            "april apr अप्रैल एप्रिल",
            "may मई मे",
            "june jun जून",
            "july jul जुलाई जुलै",
            "august aug अगस्त ऑगस्ट",
            "september sep sept सितंबर सितम्बर सप्टेंबर",
            "october oct अक्टूबर अक्तूबर ऑक्टोबर",
            "november nov नवंबर नवम्बर नोव्हेंबर",
            "december dec दिसंबर दिसम्बर डिसेंबर",
        ),
        start=1,
    )
    for word in words.split()
}
NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "cannot",
        "without",
        "none",
        "nor",
        "neither",
        "नहीं",
        "नही",
        "न",
        "ना",
        "बिना",
        "नाही",
        "नाहीत",
        "नाहीये",
        "नका",
        "नको",
        "नये",
        "नयेत",
        "विना",
        "नव्हे",
        "नव्हती",
        "नव्हते",
        "नव्हता",
        "नसते",
        "नसतो",
        "नसतात",
        "नसून",
        "नसेल",
        "नसतं",
    ]
)
