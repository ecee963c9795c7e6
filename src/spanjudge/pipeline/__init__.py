"""The story of a span, in order: receive, match, judge, export, retain, explain."""
