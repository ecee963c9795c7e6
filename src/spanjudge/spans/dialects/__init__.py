"""How instrumentations write down a model call: one file per dialect."""
