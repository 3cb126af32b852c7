"""The wire formats in which agents may ask, each read into the form of chat completions and answered in its own."""
