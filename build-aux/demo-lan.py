#!/usr/bin/python3
"""The hosts in the two LANs of ./demo. Python's standard library only, and of that what Debian's python3-minimal has.

serve ADDRESS           takes connections and says on its own output what it got
copy ADDRESS MIB        sends that many MiB of random bytes; prints seconds and their SHA-256
rate ADDRESS SECONDS    sends as fast as it goes; prints what arrived in Mbit/s
"""
import hashlib
import os
import socket
import sys
import time

PORT = 7072
CHUNK = 1 << 20
MIB = 1 << 20


def serve(address):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, PORT))
    listener.listen()
    print("listening", flush=True)
    while True:
        peer, _ = listener.accept()
        try:
            with peer:
                peer.settimeout(60)
                one(peer)
        except OSError as e:
            print("broken", e, flush=True)


def one(peer):
    """The first byte says what it is to be: c keeps the bytes and prints their hash, r counts them."""
    kind = peer.recv(1)
    kept = bytearray()
    count = 0
    room = memoryview(bytearray(CHUNK))
    begin = time.monotonic()
    while n := peer.recv_into(room):
        count += n
        if kind == b"c":
            kept += room[:n]
    seconds = time.monotonic() - begin
    peer.sendall(b"%d %.6f\n" % (count, seconds))
    if kind == b"c":
        print("received", count, hashlib.sha256(kept).hexdigest(), flush=True)


def call(address, kind):
    peer = socket.socket()
    peer.settimeout(60)
    peer.connect((address, PORT))
    peer.sendall(kind)
    return peer


def answer(peer):
    """What the server counted, after the end of our bytes."""
    peer.shutdown(socket.SHUT_WR)
    said = b""
    while not said.endswith(b"\n"):
        part = peer.recv(100)
        if not part:
            sys.exit("the other side closed the connection early")
        said += part
    count, seconds = said.split()
    return int(count), float(seconds)


def copy(address, mib):
    data = os.urandom(mib * MIB)
    digest = hashlib.sha256(data).hexdigest()
    begin = time.monotonic()
    peer = call(address, b"c")
    peer.sendall(data)
    count, _ = answer(peer)
    seconds = time.monotonic() - begin
    if count != len(data):
        sys.exit("sent %d bytes, but %d arrived" % (len(data), count))
    print("%.2f %s" % (seconds, digest))


def rate(address, seconds):
    data = bytes(CHUNK)
    peer = call(address, b"r")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        peer.sendall(data)
    count, took = answer(peer)
    print("%.0f" % (count * 8 / took / 1e6))


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "serve":
        serve(sys.argv[2])
    elif len(sys.argv) == 4 and sys.argv[1] == "copy":
        copy(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 4 and sys.argv[1] == "rate":
        rate(sys.argv[2], float(sys.argv[3]))
    else:
        sys.exit(__doc__)


try:
    main()
except OSError as error:
    sys.exit(str(error))
