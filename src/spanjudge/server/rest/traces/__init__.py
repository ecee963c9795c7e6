"""Traces and spans, as lists and one by one."""
