"""Raise markup and control characters as an exception's name and text.

attack: T01 T03 reach the terminal, junit or the page through a message
guard: printable()
reason: the solution raised an exception
"""


def reverse_string(s):
    raise type("</failure><img src=x>\x1b]0;pwn\x07\u202e", (Exception,), {})("]]>\0\x9b31m<script>alert(1)</script>")
