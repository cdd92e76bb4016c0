"""The rule engine: text and policy in, verdict out. Has never heard of packs.

reading/   folds evasions away, cuts tokens, clauses and sentences, tells languages apart, knows the words (lexicon)
rulebook   the policy's files, checked when read        match     patterns over concepts, with polarity
weigher    how much a whole text reads like refused ones
footer     identity and warning in a caption            checks    format limits and personal data
evaluate   stage 1: caption in, verdict out             model     stage 2: a port     rendered  stage 3: the message
rewrite    what can be put right mechanically (layout, mending, edits, shouting, trimming, wordings)
policies   the life of a version in Postgres            shelf     the one in force    regression  its examples
trial      a candidate against examples and verdicts    verdicts  kept and replayed   overrides by two reviewers
Tables: policies, verdicts, overrides. Events: policy.*, override.*
"""
