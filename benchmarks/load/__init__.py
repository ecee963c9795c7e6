"""A load of realistic traces at times that are decided beforehand: `python -m benchmarks.load --help`.

`traces` makes up what applications do, `dialects` writes it down as their instrumentations would, `schedule`
decides when which exporter sends what, `requests` packs it, `sending` sends it and measures.
"""
