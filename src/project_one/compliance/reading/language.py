"""In which register a text is written: scripts first, then the small words that only one language has."""

from collections.abc import Sequence

from project_one.compliance.domain import Register
from project_one.compliance.reading.tokens import Token

_MARK = {
    Register.EN: "LANG_EN",
    Register.HI: "LANG_HI",
    Register.MR: "LANG_MR",
    Register.HI_LATN: "LANG_HIL",
    Register.MR_LATN: "LANG_MRL",
}
_MARKS = frozenset(_MARK.values())
_MIXED_SHARE = 0.2
_MIXED_LEAST = 4


def register_of(tokens: Sequence[Token]) -> Register:
    """Of these tokens (the caption without its footer). English when nothing tells."""
    words = [token for token in tokens if token.kind == "word" and len(token.text) > 1]
    deva = [token for token in words if token.text[0] >= "\u0900"]
    latin = [token for token in words if token.text[0] < "\u0900"]
    score = {register: 0 for register in _MARK}
    for token in words:
        if not token.concepts.isdisjoint(_MARKS):
            for register, concept in _MARK.items():
                score[register] += concept in token.concepts
    deva_register = Register.MR if score[Register.MR] > score[Register.HI] else Register.HI
    romanised = max(score[Register.HI_LATN], score[Register.MR_LATN])
    latin_register = Register.EN
    if romanised and romanised * 2 >= score[Register.EN]:
        is_marathi = score[Register.MR_LATN] > score[Register.HI_LATN]
        latin_register = Register.MR_LATN if is_marathi else Register.HI_LATN
    if not deva:
        return latin_register
    running = [token for token in latin if token.concepts & {"LANG_EN", "LANG_HIL", "LANG_MRL"}]
    is_mixed = len(running) >= _MIXED_LEAST and len(latin) >= _MIXED_SHARE * len(words)
    if is_mixed and len(deva) >= _MIXED_LEAST:
        return Register.MIX
    return deva_register if len(deva) >= len(running) else latin_register
