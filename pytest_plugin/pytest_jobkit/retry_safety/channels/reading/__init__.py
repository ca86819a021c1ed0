"""What several channels read off a call: HTTP requests, mails, database connections. No channels themselves."""
