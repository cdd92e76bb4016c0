"""A caption as a writer sees it: its body in sentences, apart from name, number and warning. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from project_one.compliance.domain import Context
from project_one.compliance.evaluate import read_caption
from project_one.compliance.footer import body_spans
from project_one.compliance.reading.tokens import Token
from project_one.compliance.rulebook import Rulebook

_OPENING = frozenset("\"“‘'(«[")
_STOPS = frozenset(".!?।॥…")


@dataclass(frozen=True)
class Sentence:
    """`start`, `end`: with its quotation and full stop, without the space around."""

    start: int
    end: int
    tokens: Sequence[Token]


@dataclass(frozen=True)
class Layout:
    """`sentences`: in order, without sign-off and warning; `body`: spans of what the limit of a caption counts."""

    text: str
    sentences: Sequence[Sentence]
    body: Sequence[tuple[int, int]]

    @property
    def length(self) -> int:
        """As the limit of a caption counts it."""
        return sum(len(self.text[start:end].strip()) for start, end in self.body)

    def sentences_at(self, start: int, end: int) -> list[Sentence]:
        return [item for item in self.sentences if item.start < end and start < item.end]

    def is_ended(self, sentence: Sentence) -> bool:
        """Whether it ends as a sentence does; a greeting or a line of hashtags does not."""
        words = [token for token in sentence.tokens if token.kind != "mark"]
        tail = self.text[words[-1].end if words else sentence.start : sentence.end]
        return any(char in _STOPS for char in tail)


def lay_out(text: str, context: Context, rulebook: Rulebook) -> Layout:
    caption = read_caption(text, context, rulebook)
    tokens, footer = caption.whole.tokens, caption.footer
    sentences = _sentences(text, tokens, footer.tokens | footer.identity)
    return Layout(text, list(sentences), body_spans(text, tokens, footer))


def _sentences(text: str, tokens: Sequence[Token], footer: frozenset[int]) -> Iterator[Sentence]:
    floor = 0
    for group in _groups(text, tokens, footer):
        first, last = tokens[group[0]], tokens[group[-1]]
        ceiling = tokens[group[-1] + 1].start if group[-1] + 1 < len(tokens) else len(text)
        start, end = first.start, last.end
        while start > floor and text[start - 1] in _OPENING:
            start -= 1
        while end < ceiling and not text[end].isspace():
            end += 1
        floor = end
        yield Sentence(start, end, [tokens[index] for index in group])


def _groups(text: str, tokens: Sequence[Token], footer: frozenset[int]) -> list[list[int]]:
    """Indices of the tokens of each sentence. Signs alone behind a full stop belong to the sentence before."""
    groups: list[list[int]] = []
    for index in range(len(tokens)):
        if index in footer:
            continue
        if not groups or groups[-1][-1] != index - 1 or _is_parted(text, tokens[index - 1], tokens[index]):
            groups.append([index])
        else:
            groups[-1].append(index)
    joined: list[list[int]] = []
    for group in groups:
        are_signs = all(tokens[index].kind == "mark" for index in group)
        is_next = bool(joined) and joined[-1][-1] == group[0] - 1
        if are_signs and is_next and "\n" not in text[tokens[group[0] - 1].end : tokens[group[0]].start]:
            joined[-1] += group
        else:
            joined.append(group)
    return joined


def _is_parted(text: str, before: Token, token: Token) -> bool:
    """Another sentence, and a space between: a web address stays whole."""
    return before.sentence != token.sentence and any(char.isspace() for char in text[before.end : token.start])
