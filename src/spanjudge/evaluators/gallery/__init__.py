"""The built-in evaluators, in the format users write."""
