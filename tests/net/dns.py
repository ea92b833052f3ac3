#!/usr/bin/env python3
"""A name server for tests: dns.py ADDRESS FILE answers from the lines "NAME ADDRESS" of FILE, read anew for each question.

A name that is not there does not exist; the line "NAME -" is a name without addresses.
"""
import ipaddress
import socket
import struct
import sys

A, AAAA = 1, 28


def question(packet):
    """Gives the name, the type and where the question ends."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", packet, at + 1)[0], at + 5


def answers(path, name, kind):
    """The addresses of that kind, or None for a name that does not exist."""
    known, found = False, []
    with open(path, encoding="ascii") as zone:
        for line in zone:
            words = line.split()
            if len(words) != 2 or words[0] != name:
                continue
            known = True
            if words[1] != "-":
                address = ipaddress.ip_address(words[1])
                if kind == (A if address.version == 4 else AAAA):
                    found.append(address.packed)
    return found if known else None


def reply(packet, path):
    name, kind, end = question(packet)
    found = answers(path, name, kind)
    code = 3 if found is None else 0
    out = packet[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(found or []), 0, 0) + packet[12:end]
    for address in found or []:
        out += struct.pack("!HHHIH", 0xC00C, kind, 1, 1, len(address)) + address
    return out


def main():
    address, path = sys.argv[1], sys.argv[2]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    print("ready", flush=True)
    while True:
        packet, client = server.recvfrom(4096)
        try:
            server.sendto(reply(packet, path), client)
        except (IndexError, struct.error, UnicodeDecodeError):
            continue


main()
