#!/usr/bin/env python3
"""fragments.py FROM TO: forged IPv4 fragments as if of UDP 4500 and ESP: tiny ones, overlapping ones, some that never end."""
import random
import socket
import struct
import sys

MORE = 0x2000


def fragment(ident, protocol, offset, more, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, (MORE if more else 0) | offset, 64, protocol, 0,
                       socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2]))
    raw.sendto(head + payload, (sys.argv[2], 0))


raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
random.seed(7)
for i in range(300):
    ident, protocol = random.randrange(65536), random.choice((17, 50))
    head = struct.pack("!HHHH", 4500, 4500, 600, 0)
    kind = i % 4
    if kind == 0:  # eight bytes each
        for at in range(20):
            fragment(ident, protocol, at, at < 19, head if at == 0 else random.randbytes(8))
    elif kind == 1:  # one over the other
        fragment(ident, protocol, 0, True, head + random.randbytes(592))
        fragment(ident, protocol, 40, True, random.randbytes(400))
        fragment(ident, protocol, 60, False, random.randbytes(120))
    elif kind == 2:  # without a first, or without an end
        fragment(ident, protocol, random.choice((0, 3)), True, random.randbytes(64))
    else:  # beyond 65535 bytes
        fragment(ident, protocol, 0, True, head)
        fragment(ident, protocol, 8190, False, random.randbytes(800))
