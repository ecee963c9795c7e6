"""`python -m spanjudge` is the `spanjudge` command."""

from spanjudge.cli.main import run

if __name__ == "__main__":
    run()
