"""What we send with: sending numbers and their health, and Meta templates, each of which points to a frame.

Tables: numbers, templates. Kept current by webhooks and by `sync`.
"""
