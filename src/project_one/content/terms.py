"""Under what a text was approved, as its pack declares it: the same at submission, at the night plan and when it leaves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from project_one.advisor.domain import Identity
from project_one.compliance.domain import AdRecord, Context, Figure
from project_one.vocabulary.domain import ContentClass, Language

_NO_PAPERS = AdRecord()


@dataclass(frozen=True)
class Terms:
    """Class, papers of an advertisement and quoted figures: what a verdict depends on beside text and sender."""

    content_class: ContentClass = ContentClass.EDUCATION
    ad: AdRecord = _NO_PAPERS
    figures: tuple[Figure, ...] = ()

    @cached_property
    def key(self) -> str:
        """The same for the same terms."""
        return repr((self.content_class, self.ad, self.figures))

    @cached_property
    def is_dated(self) -> bool:
        """Whether another day may see them otherwise: papers end, figures age."""
        return bool(self.figures) or self.ad != _NO_PAPERS

    def context(self, identity: Identity, language: Language) -> Context:
        """For whom a text under these terms speaks."""
        return Context(
            capacity=identity.capacity,
            registered_name=identity.registered_name,
            registration_number=identity.registration_number,
            declared_domain=identity.website,
            language=language,
            content_class=self.content_class,
            ad=self.ad,
            figures=self.figures,
        )


PLAIN = Terms()


@dataclass
class TermsOfText:
    """Of the packs one text stands in. `own`: by pack."""

    library: tuple[Terms, ...] = ()
    own: dict[UUID, Terms] = field(default_factory=dict[UUID, Terms])

    def under(self, pack_id: UUID | None) -> tuple[Terms, ...]:
        """All the terms a message must meet. `pack_id`: the own pack of its advisor on that day, which counts first.

        None at all for a text that is neither hers nor the library's.
        """
        mine = self.own.get(pack_id) if pack_id is not None else None
        return self.library if mine is None else (mine,)

    def add(self, pack_id: UUID, terms: Terms, *, is_library: bool) -> None:
        if not is_library:
            self.own[pack_id] = terms
        elif terms not in self.library:
            self.library += (terms,)


TermsByText = Mapping[str, TermsOfText]
"""By content hash."""


def terms(
    content_class: ContentClass,
    ad_reference: str | None,
    ad_valid_until: date | None,
    figures: Iterable[Mapping[str, Any]] | None,
) -> Terms:
    """Terms as a pack keeps them."""
    quoted = tuple(
        Figure(item["quote"], date.fromisoformat(item["as_of"]) if item["as_of"] else None) for item in figures or ()
    )
    return Terms(content_class, AdRecord(ad_reference or "", ad_valid_until), quoted)
