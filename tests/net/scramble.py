#!/usr/bin/env python3
"""scramble.py DEVICE FROM SIZE: takes IPv4 packets of FROM that come in on DEVICE and are larger than SIZE (somebody else has to drop them),
and sends each on in fragments, out of order and some of them twice; but not those that forbid it: a probe does not get through. Says "ready",
and when a signal asks it to end, how many."""
import random
import signal
import socket
import struct
import sys

DONT, MORE, ETH_P_IP = 0x40, 0x2000, 0x0800
device, source, most = sys.argv[1], socket.inet_aton(sys.argv[2]), int(sys.argv[3])
tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
tap.bind((device, ETH_P_IP))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
random.seed(3)
count = 0


def end(*_):
    print(f"{count} packets", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    packet = tap.recv(65535)
    if packet[12:16] != source or len(packet) <= most or packet[6] & DONT:
        continue
    payload, ident = packet[20:], random.randrange(1, 65536)
    if packet[9] == socket.IPPROTO_UDP:  # between two namespaces the checksum is not filled in yet
        payload = payload[:6] + bytes(2) + payload[8:]
    cuts = [*range(0, len(payload), 400), len(payload)]
    pieces = []
    for begin, stop in zip(cuts, cuts[1:]):
        flags = (MORE if stop < len(payload) else 0) | begin // 8
        head = struct.pack("!BBHHHBBH", 0x45, packet[1], 20 + stop - begin, ident, flags, 63, packet[9], 0) + packet[12:20]
        pieces.append(head + payload[begin:stop])
    pieces.append(random.choice(pieces[:2]))
    random.shuffle(pieces)
    # Once all have arrived, one more would begin a packet of its own that is never whole.
    while pieces[-1] in pieces[:-1]:
        random.shuffle(pieces)
    for piece in pieces:
        raw.sendto(piece, (socket.inet_ntoa(piece[16:20]), 0))
    count += 1
