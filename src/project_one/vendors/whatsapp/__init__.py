"""Meta's WhatsApp Business Cloud API (Graph v24.0): sending, directory, webhooks, error table."""
