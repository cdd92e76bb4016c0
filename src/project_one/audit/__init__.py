"""What happened, who did it: a row in the transaction of the change, which the services' login can add but never alter.

Tables: audit_events. Ids and hashes only, no personal data.
"""
