"""Send replies without end.

attack: H08 fill the host's memory through the channel
guard: all that a guest may send is capped
"""

import os
import struct


def reverse_string(s):
    told = b'{"id":"0","value":["n"]}'
    frame = struct.pack(">IB", len(told), ord("V")) + told
    while True:
        for descriptor in range(3, 12):
            try:
                os.write(descriptor, frame * 1000)
            except OSError:
                continue
