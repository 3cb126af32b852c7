"""Evaluate whatever is new or changed, again and again: the loop behind `bitsec-eval watch`."""
