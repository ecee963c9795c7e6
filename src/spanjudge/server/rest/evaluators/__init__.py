"""Evaluators: the list, editing, versions, publishing, the gallery."""
