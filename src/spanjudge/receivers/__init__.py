"""Ways in: OTLP over HTTP and gRPC."""
