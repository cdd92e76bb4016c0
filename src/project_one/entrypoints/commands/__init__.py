"""The tasks of an operator, by what they are about."""
