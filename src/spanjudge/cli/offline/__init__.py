"""What `spanjudge evaluate` is made of: what a file holds, judging it, and telling what came of it."""
