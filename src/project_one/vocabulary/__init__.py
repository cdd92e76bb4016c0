"""Pure words that every room may know: who an advisor is in law, which language, which class of content, which slot."""
