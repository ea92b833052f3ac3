#!/usr/bin/env python3
"""Packets for all on a line, as routing protocols send them.

multicast.py hear DEVICE GROUP PROTOCOL     joins GROUP (or none for 255.255.255.255) and prints what comes: source, bytes
multicast.py say DEVICE GROUP PROTOCOL BYTES
"""
import socket
import struct
import sys

BROADCAST = "255.255.255.255"


def raw_socket(device, group, protocol):
    family = socket.AF_INET6 if ":" in group else socket.AF_INET
    s = socket.socket(family, socket.SOCK_RAW, protocol)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    return s


def hear(device, group, protocol):
    s = raw_socket(device, group, protocol)
    index = socket.if_nametoindex(device)
    if ":" in group:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                     socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index))
    elif group != BROADCAST:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     socket.inet_aton(group) + bytes(4) + struct.pack("@i", index))
    print("listening", flush=True)
    while True:
        packet, source = s.recvfrom(65535)
        body = packet if ":" in group else packet[20:]
        print(source[0].split("%")[0], len(body), "whole" if body == bytes(i & 255 for i in range(len(body))) else "bent",
              flush=True)


def say(device, group, protocol, size):
    s = raw_socket(device, group, protocol)
    index = socket.if_nametoindex(device)
    if ":" in group:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
        target = (group, 0, 0, index)
    elif group == BROADCAST:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        target = (group, 0)
    else:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, bytes(8) + struct.pack("@i", index))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        target = (group, 0)
    s.sendto(bytes(i & 255 for i in range(size)), target)


def main():
    what, device, group, protocol = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    if what == "hear":
        hear(device, group, protocol)
    else:
        say(device, group, protocol, int(sys.argv[5]))


main()
