"""Between the application and its evaluations: what is let in, waits, and is given up."""
