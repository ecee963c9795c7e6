"""The in-process door: an instrumented application evaluates its own invocations."""
