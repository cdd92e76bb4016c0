"""What the rules said of a firm's own packs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Integer, bindparam, select

from project_one.advisor.scores import Judged
from project_one.compliance.models import VerdictRow
from project_one.content.models import PackRow, VariantRow
from project_one.kernel.lookups import Lookup, Statement

_TEXTS = (
    select(VariantRow.content_sha256)
    .join(PackRow, PackRow.id == VariantRow.pack_id)
    .where(PackRow.firm_id == bindparam("firm_id"))
)
_NEWEST = Statement(
    select(
        VerdictRow.id,
        VerdictRow.verdict["band"].astext.label("band"),
        VerdictRow.verdict["risk_score"].astext.label("risk_score"),
        VerdictRow.given_at,
    )
    .where(VerdictRow.firm_id == bindparam("firm_id"), VerdictRow.content_sha256.in_(_TEXTS))
    .order_by(VerdictRow.given_at.desc(), VerdictRow.id.desc())
    .limit(bindparam("limit", type_=Integer()))
)


async def judged_packs(lookup: Lookup, firm_id: UUID, limit: int) -> Sequence[Judged]:
    """The newest verdicts on the texts of the firm's packs, newest first."""
    return [
        Judged(row["id"], row["band"], int(row["risk_score"]), row["given_at"])
        for row in await lookup.rows(_NEWEST, firm_id=firm_id, limit=limit)
    ]
