"""At rest: spans, evaluators, jobs, results and usage in a database."""
