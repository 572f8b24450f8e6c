"""stdin, stdout and stderr of a process that was started with some of them closed.

Light: every run asks before anything else is imported.
"""

from __future__ import annotations

import os
import sys

_STANDARD = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def fill_standard_descriptors(*, refuses_output: bool = False) -> bool:
    """Open what is closed of stdin, stdout and stderr on the null device; True if any was.

    Else the next file of ours would take its number, and words might end in it; and Python prints
    on stdout what it is to print on a closed stderr. With `refuses_output` our own words to a
    closed stdout raise OSError: credentials that nobody takes must not count as handed over.
    """
    filled = False
    for descriptor in range(len(_STANDARD)):  # all of them before anything else takes a number
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            filled = True
    for descriptor, (name, mode) in enumerate(_STANDARD):
        if getattr(sys, name) is None:  # so Python says that it was closed
            refused = refuses_output and name == "stdout"
            ours = os.open(os.devnull, os.O_RDONLY) if refused else descriptor
            setattr(sys, name, os.fdopen(ours, mode, closefd=False))
    return filled
