"""Where files lie: a local folder. Another store implements `advisor.ports.DocumentStorage` beside it."""
