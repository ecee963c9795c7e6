"""Spanjudge scores what language models said, with a language model as the judge."""
