"""What we ask: the evaluator and its parts (pure)."""
