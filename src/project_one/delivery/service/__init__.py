"""Delivery's use cases: plan.py, release.py, lease.py, claim.py, outcomes.py, receipts.py, sweep.py, certify.py, stop.py."""
