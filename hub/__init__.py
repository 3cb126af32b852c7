"""`python -m hub` in a checkout; the hub itself is `bitsec_eval.hub`."""
