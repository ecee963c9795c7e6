"""The GenAI utilities in the field: their invocations, and our evaluators in their hands."""
