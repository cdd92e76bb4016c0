"""Consent and its withdrawal. A suppression keeps only a keyed hash, so that a stop is honoured after erasure too.

Tables: consents, suppressions.
"""
