"""The rule engine: text and policy in, verdict out. Has never heard of packs.

reading/   folds evasions away, cuts tokens, clauses and sentences, tells languages apart, knows the words (lexicon)
rulebook   the rules as data, checked when loaded      match   patterns over concepts, with polarity
footer     identity and warning                         checks  format limits and personal data
evaluate   stage 1: caption in, verdict out
No tables yet; no events.
"""
