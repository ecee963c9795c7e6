"""What the environment says of in-process evaluation."""
