"""Wrapped keys. A destroyed key leaves its row, so that the forgetting itself is on record."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from project_one.kernel.db import Base


class SubjectKeyRow(Base):
    __tablename__ = "subject_keys"

    subject: Mapped[str] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]
