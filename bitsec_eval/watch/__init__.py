"""Evaluate whatever is new or changed, again and again: the loop behind `python -m bitsec_eval watch`."""
