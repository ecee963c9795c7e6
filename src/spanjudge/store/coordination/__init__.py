"""What processes on one store tell each other."""
