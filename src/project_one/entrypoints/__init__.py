"""The processes and nothing else: api, worker, clock (with the relay), cli, and `up`, which starts them all."""
