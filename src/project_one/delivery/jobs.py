"""Delivery's jobs. All of them only wake something up; what is to be done stands in Postgres."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from project_one.kernel.jobs import Job


class DriveNumber(Job):
    queue: ClassVar[str] = "whatsapp-delivery"
    name: ClassVar[str] = "drive-number"

    number_id: UUID


class Reconcile(Job):
    queue: ClassVar[str] = "whatsapp-delivery"
    name: ClassVar[str] = "reconcile"


class CloseMorning(Job):
    queue: ClassVar[str] = "whatsapp-delivery"
    name: ClassVar[str] = "close-morning"

    morning_id: UUID


class PlanMorning(Job):
    queue: ClassVar[str] = "maintenance"
    name: ClassVar[str] = "plan-morning"

    business_date: date
    slot: str
