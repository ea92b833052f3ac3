#!/usr/bin/env python3
"""Sends random bytes over TCP, gets them back, and compares: `serve ADDRESS` echoes, `send ADDRESS BYTES` checks; `steady ADDRESS FILE`
does so at a slow pace until FILE is gone, and says how long it ever stood still."""
import hashlib
import os
import socket
import sys
import threading
import time

PORT = 7071
CHUNK = 65536


def connection(address):
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)


def serve(address):
    listener = connection(address)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, PORT))
    listener.listen()
    print("listening", flush=True)
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=echo, args=(peer,), daemon=True).start()


def echo(peer):
    with peer:
        while data := peer.recv(CHUNK):
            peer.sendall(data)


def send(address, size):
    data = os.urandom(size)
    peer = connection(address)
    peer.settimeout(30)
    peer.connect((address, PORT))

    def write():
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    got = bytearray()
    while part := peer.recv(CHUNK):
        got += part
    writer.join()
    if bytes(got) != data:
        sys.exit(f"sent {size} bytes, got {len(got)} back" + ("" if len(got) != size else ", which differ"))


def steady(address, while_there):
    peer = connection(address)
    peer.connect((address, PORT))
    sent, got = hashlib.sha256(), hashlib.sha256()

    def write():
        while os.path.exists(while_there):
            data = os.urandom(8192)
            sent.update(data)
            peer.sendall(data)
            time.sleep(0.02)
        peer.shutdown(socket.SHUT_WR)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    size, last, still = 0, time.monotonic(), 0
    peer.settimeout(180)  # TCP itself waits twice as long after each loss
    while part := peer.recv(CHUNK):
        got.update(part)
        size += len(part)
        still, last = max(still, time.monotonic() - last), time.monotonic()
    writer.join()
    print(f"{size} bytes, longest stand {still:.1f} s, sha256 {got.hexdigest()[:16]}")
    if got.digest() != sent.digest():
        sys.exit("what came back differs")


if sys.argv[1] == "serve":
    serve(sys.argv[2])
elif sys.argv[1] == "steady":
    steady(sys.argv[2], sys.argv[3])
else:
    send(sys.argv[2], int(sys.argv[3]))
