"""DeepEval's metrics on our judge."""
