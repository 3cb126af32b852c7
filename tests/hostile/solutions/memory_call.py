"""Take all memory inside a call.

attack: H03 exhaust memory
guard: Memory
"""


def reverse_string(s):
    hoard = []
    while True:
        hoard.append(bytearray(b"x" * (1 << 20)))
