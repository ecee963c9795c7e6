"""Ways out: where results go."""
