"""Project One: a correct, compliant, ready-to-forward post on every advisor's phone at 06:00, and the proof of it."""
