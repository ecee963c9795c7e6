"""The settings of judge models: what there is, how it is read; the same for a server and an application."""
