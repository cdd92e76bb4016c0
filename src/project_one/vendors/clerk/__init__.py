"""Clerk: the keys its session tokens are signed with, and its reports about people, through Svix webhooks."""
