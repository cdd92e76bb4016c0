"""Who is asking and what they may do. Today one principal, the operator of the installation, known by a bearer token."""
