"""Set-up from a fresh clone. Standard library only: it runs before anything is installed."""
