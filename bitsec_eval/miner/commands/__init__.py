"""One module for each command, with `add_parser(subparsers)` and `main(args) -> int`."""
