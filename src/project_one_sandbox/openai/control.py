"""`/_sandbox/openai/...`: faults by rule, the bill and the calls behind it."""

from collections.abc import Sequence

from project_one_sandbox.openai.vendor import Vendor
from project_one_sandbox.shapes import Json


def rules(vendor: Vendor) -> Json:
    return {"faults": [rule.as_json() for rule in vendor.faults.rules]}


def add_rules(vendor: Vendor, items: Sequence[Json], now: float) -> Json:
    """Raise `ConfigError` and add none when one of them is wrong."""
    return {"faults": [rule.as_json() for rule in vendor.faults.add(items, now)]}


def calls(vendor: Vendor, since: int, limit: int) -> Json:
    """What was processed, from the first after `since`; `truncated`: older ones are gone, the bill still has them."""
    log = vendor.bill.calls
    found = log.since(since, limit)
    return {
        "calls": [call.as_json() for call in found],
        "next": found[-1].seq if found else since,
        "truncated": log.dropped > 0,
    }
