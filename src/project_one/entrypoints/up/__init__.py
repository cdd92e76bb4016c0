"""`project-one up`: every process on one machine, with an embedded Postgres and Valkey when none is named.

places.py where data may live · servers.py the two servers · children.py processes under one parent
installation.py secrets and addresses · board.py the live view · demo.py the morning that `make run` shows
"""
