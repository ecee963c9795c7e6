"""How it is answered: evaluators and a subject in, results or failures out."""
