"""Keys per person: seal what identifies somebody, open it to send, destroy the key to forget.

Tables: subject_keys. Destroying a key makes every value sealed under it unreadable for ever, wherever copies are.
"""
