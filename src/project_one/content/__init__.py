"""What is said: packs with a text per language, frames, their approvals by hash, and the composition of a message.

Tables: packs, variants, pack_revisions, reviews, pack_templates, frames, approvals, schedules. Two things are approved by
SHA-256: the content and the frame.
"""
