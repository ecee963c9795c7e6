"""Money has a ceiling: what judging may take, and what stands in front of a judge to keep it."""
