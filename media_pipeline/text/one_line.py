"""Text that can be written into a file of any format."""

import re

# Control characters that are no white space, halves of surrogate pairs, and what XML cannot hold.
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """`text` on one line: white space of any kind is one space; what cannot be written to a file is gone."""
    if text.isprintable() and "  " not in text:
        return text.strip()  # of all white space, the plain space alone is printable
    return " ".join(_UNWRITABLE.sub("", text).split())
