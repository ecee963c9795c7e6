"""What the application's own OpenTelemetry SDK recorded, read for judging."""
