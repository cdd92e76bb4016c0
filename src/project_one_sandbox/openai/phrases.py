"""What the sandbox suspects: a small table of phrases in English, Hindi, Marathi and their Latin spellings.

It reads no meaning. A phrase in a sentence that also denies or warns is let go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LETTER = r"\w\u0900-\u097F"  # \w knows no Devanagari vowel signs


@dataclass(frozen=True, slots=True)
class Suspect:
    """`quote`: exactly as it stands in the text."""

    category: str
    quote: str
    reason: str


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![{_LETTER}])(?:{'|'.join(phrases)})", re.IGNORECASE)


_TABLE: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    (
        "guaranteed_return",
        "a promise of returns",
        _any(
            r"guarante\w+",
            r"assured (?:return|income|profit)\w*",
            r"sure[- ]shot",
            r"fixed returns?",
            r"pakk[aei]\b(?: (?:return|munafa|fayda)\w*)?",
            r"khatrishir\b",
            r"hamkhas\b",
            r"garant\w+",
            "गारंटी(?:ड|शुदा)?",
            "गॅरंटी(?:ड)?",
            "पक्का(?: (?:रिटर्न|मुनाफ़ा|मुनाफा|फ़ायदा|फायदा|नफा|परतावा))?",
            "निश्चित (?:रिटर्न|मुनाफ़ा|मुनाफा|परतावा)",
            "खात्रीशीर",
            "हमखास",
            "हमी",
        ),
    ),
    (
        "risk_free",
        "risk is denied",
        _any(
            r"risk[- ]?free",
            r"(?:zero|no) risk",
            r"without (?:any )?risk",
            r"bina (?:kisi )?(?:risk|jokhim)",
            r"risk nahi\w*",
            "जोखिम[- ]?मुक्त",
            "बिना (?:किसी )?(?:जोखिम|रिस्क)",
            "(?:कोई )?जोखिम नहीं",
            "शून्य जोखिम",
            "जोखीम[- ]?मुक्त",
            "जोखमीशिवाय",
            "(?:कोणतीही )?जोखीम नाही",
            "शून्य जोखीम",
        ),
    ),
    (
        "capital_safe",
        "capital is called safe",
        _any(
            r"(?:capital|money|principal) (?:is|stays|remains) (?:fully |completely )?(?:safe|protected)",
            r"paisa safe\b",
            "(?:पैसा|पूँजी|पूंजी) (?:पूरी तरह )?सुरक्षित",
            "(?:पैसे|मुद्दल) (?:पूर्णपणे )?सुरक्षित",
        ),
    ),
    (
        "multiplier",
        "money is said to multiply",
        _any(
            r"doubl(?:e|es|ed|ing)\b",
            r"tripl(?:e|es|ed|ing)\b",
            r"\d+x\b",
            r"dugn[ai]\b",
            r"duppat\b",
            "दोगुना",
            "दुगना",
            "दुगुना",
            "तिगुना",
            "डबल",
            "दुप्पट",
            "तिप्पट",
        ),
    ),
    ("multibagger", "a word of tipsters", _any(r"multi[- ]?bagger\w*", "मल्टीबैगर", "मल्टिबॅगर", "मल्टीबॅगर")),
    (
        "certain_projection",
        "a certain future",
        _any(
            r"will (?:surely|definitely|certainly|always) \w+",
            r"target price\b",
            "(?:ज़रूर|जरूर|पक्का) बढ़ेग[ाी]",
            "(?:नक्की|निश्चित) वाढेल",
        ),
    ),
    (
        "past_performance",
        "returns in figures",
        _any(
            r"\d+(?:\.\d+)? ?(?:%|per ?cent) (?:annual |yearly )?(?:returns?|profit|munafa)",
            r"\d+(?:\.\d+)? ?(?:%|प्रतिशत|टक्के) (?:रिटर्न|मुनाफ़ा|मुनाफा|परतावा|नफा)",
        ),
    ),
    (
        "superlative",
        "a superlative",
        _any(
            r"best (?:fund|scheme|plan|stock)s?",
            r"number one\b",
            r"no\. ?1\b",
            "सबसे (?:अच्छा|बढ़िया|बेहतर)",
            "सर्वोत्तम",
            "सर्वात चांगल[ाीे]",
        ),
    ),
    (
        "urgency",
        "haste",
        _any(
            r"(?<!without )hurry\b",
            r"last chance",
            r"limited (?:time|period)",
            r"act now\b",
            r"jaldi kar\w+",
            r"a+khri mauka",
            "जल्दी कर(?:ें|ो)",
            "(?:आखिरी|आख़िरी|अंतिम) मौका",
            "त्वरा करा",
            "घाई करा",
            "शेवटची संधी",
        ),
    ),
    ("fear_manipulation", "fear", _any(r"you will regret", r"left behind\b", "पछता(?:एँगे|एंगे|ओगे)", "पस्तावाल")),
    ("gift_or_game", "a gift", _any(r"gift voucher", r"lucky draw", r"cash ?back", "लकी ड्रॉ", "मुफ़्त उपहार", "मोफत भेट")),
    (
        "regulator_endorsement",
        "a regulator as witness",
        _any(r"SEBI[- ]approved", r"approved by SEBI", "सेबी (?:द्वारा )?(?:स्वीकृत|प्रमाणित)", "सेबीने मंजूर"),
    ),
    (
        "testimonial",
        "somebody's success",
        _any(r"my clients? (?:earned|made|got)", "मेरे ग्राहक(?:ों)? ने", "माझ्या ग्राहका(?:ने|ंनी)"),
    ),
    (
        "false_or_misleading",
        "an instruction to whoever checks",
        _any(
            r"ignore (?:all |the |any |previous |above )*(?:rules?|instructions?)",
            r"answer pass\b",
            r"niyam bh[uo]\w+",
            "(?:सभी |सारे )?नियम(?:ों को)? (?:भूल|अनदेखा|नज़रअंदाज़)",
            "(?:सर्व )?नियम विसर",
            "नियमांकडे दुर्लक्ष",
        ),
    ),
)
_LETS_GO = re.compile(
    rf"(?<![{_LETTER}])(?:not|no|never|nobody|none|nothing|cannot|can't|don't|doesn't|isn't|aren't|scams?|frauds?|fake|beware|"
    r"nahi|nahin|naahi|नहीं|नही|न|मत|नाही|नाहीत|नको|नसते|नसतो|नसतात|धोखा|धोखाधड़ी|ठगी|फसवणूक|फसवणुकी[\u0900-\u097F]*|फसवे|सावध|सावधान)"
    rf"(?![{_LETTER}])",
    re.IGNORECASE,
)
_ALWAYS = frozenset({"false_or_misleading"})
_END = re.compile(r"(?<=[.!?।])\s+|\n+")


def sentences(text: str) -> list[str]:
    return [part.strip() for part in _END.split(text) if part.strip()]


def suspects(text: str) -> Iterator[Suspect]:
    """In the order of the table, each category once, at its first place."""
    parts = sentences(text)
    for category, reason, pattern in _TABLE:
        for part in parts:
            hit = pattern.search(part)
            if hit is None:
                continue
            if category not in _ALWAYS and _LETS_GO.search(part[: hit.start()] + " " + part[hit.end() :]):
                continue
            yield Suspect(category, hit.group(), f"Sandbox: {reason}.")
            break
