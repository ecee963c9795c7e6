"""The Remote Scorer door: what platforms send to have one span scored, and what they are answered."""
