"""What is wrong with a request, as problem details."""
