"""What came in: spans and messages, as every dialect is normalised to (pure)."""
