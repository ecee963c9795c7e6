"""Trying a definition before it is published, and running an evaluator over what is stored."""
