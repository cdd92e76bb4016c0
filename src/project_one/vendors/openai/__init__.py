"""OpenAI's Responses API. Importing this package costs nothing; `client` brings the vendor's SDK with it."""
