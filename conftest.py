"""Loads the evaluation from this checkout, installed or not."""

pytest_plugins = ["bitsec_eval.plugin"]
