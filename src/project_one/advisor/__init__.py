"""Who the advisors are: their firm, register entry, language, where their post goes and whether it may.

Tables: firms, advisors. Names and registration numbers are public register data and stand in clear; phone and e-mail
are sealed under the person's own key, with a keyed hash to find them by.
"""
