"""Turns a recording into words and files. Plain Python: knows no web framework, queue or settings."""
