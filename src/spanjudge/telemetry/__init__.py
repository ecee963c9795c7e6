"""What we say about results and about ourselves, for the server and the SDK alike."""
