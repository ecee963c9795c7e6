"""Results: lists, where they differ, what was asked, judging again."""
