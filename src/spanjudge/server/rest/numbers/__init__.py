"""Sums, usage, budgets, and how the pipeline and the judge models stand."""
