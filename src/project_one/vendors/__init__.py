"""Other companies' wire formats: our ports implemented outward, their webhooks inward. Their words stop here."""
