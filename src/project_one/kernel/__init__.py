"""What every room stands on and no room owns. Knows no business noun.

errors.py      what can be refused, in words        ids.py        UUIDv7
clock.py       time as a parameter, IST, the pace   canonical.py  bytes that hash the same everywhere
db.py          engine, sessions, column types       logs.py       structured logs without personal data
outbox.py      work that leaves with the commit     inbox.py      what came in, sealed, once
occurrences.py one row per scheduled moment         queue.py      BullMQ with its mandatory settings
problems.py    RFC 9457 answers                     heartbeat.py  who was last seen alive
"""
