"""`spanjudge perf`: the in-process door on labelled samples, measured."""
