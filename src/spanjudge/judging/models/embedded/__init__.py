"""The judge model that runs on this machine: its file, its process, and how it is made to answer."""
