"""One event loop in one background thread, and what keeps it out of the application's way."""
