"""Who the advisors are: their firm, register entry, proof of it, tier, language, where their post goes and whether it may.

Tables: firms, advisors, advisor_documents, register_snapshots, register_rows, registration_checks, compliance_scores.
Names and registration numbers are public register data and stand in clear; phone and e-mail are sealed under the
person's own key, with a keyed hash to find them by, and so are the documents she sends. Jobs: recheck-registrations.
"""
