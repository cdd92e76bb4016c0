"""Which advisor gets which approved text when, and what became of every message.

Tables: mornings, messages (the ledger), attempts, receipts, number_leases, certificates.

    plan ──► messages ──► drive (lease, claim, send, record) ──► receipts fold ──► certificate
                              ▲                                       │
                              └──────── reconcile of unknowns ◄───────┘
"""
