"""What the REST API adds to the OpenAPI document."""
