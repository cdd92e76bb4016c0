"""Recognising a stop, and the words of the consent ledger."""

import unicodedata
from enum import StrEnum
from functools import cache
from importlib import resources

import yaml


class ConsentAction(StrEnum):
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class Purpose(StrEnum):
    WHATSAPP_POST = "whatsapp-post"


def _plain(text: str) -> str:
    """Letters as people type them: without case, punctuation, nukta, and with chandrabindu as anusvara."""
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    folded = decomposed.replace("\u093c", "").replace("\u0901", "\u0902")
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in folded)
    return " ".join("".join(kept).split())


@cache
def _reply_words(wish: str) -> frozenset[str]:
    text = resources.files("project_one.privacy").joinpath("data/reply_words.yaml").read_text(encoding="utf-8")
    return frozenset(_plain(word) for words in yaml.safe_load(text)[wish].values() for word in words)


def is_stop(text: str) -> bool:
    """Whether the whole message is a request to stop, in English, Hindi or Marathi, in either script."""
    return _plain(text) in _reply_words("stop")


def is_start(text: str) -> bool:
    """Whether the whole message asks for the posts again. No message is both."""
    return _plain(text) in _reply_words("start")
