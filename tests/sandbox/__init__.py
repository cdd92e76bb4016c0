"""The sandbox, tried over real HTTP on loopback; nothing here sleeps to synchronise."""
