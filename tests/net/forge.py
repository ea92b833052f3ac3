#!/usr/bin/env python3
"""Forged ESP in UDP: forge.py SOURCE TARGET SPI COUNT sends packets of an SA that SOURCE has no keys of."""
import os
import socket
import struct
import sys


def main():
    source, target, spi, count = sys.argv[1], sys.argv[2], int(sys.argv[3], 16), int(sys.argv[4])
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((source, 4500))
    for i in range(count):
        sender.sendto(struct.pack("!II", spi, 100000 + i) + os.urandom(112), (target, 4500))


main()
