"""Who may use the REST API, and what it takes to connect."""
