#!/usr/bin/env python3
"""Sends random bytes over TCP, gets them back, and compares: `serve ADDRESS` echoes, `send ADDRESS BYTES` checks."""
import os
import socket
import sys
import threading

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


if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    send(sys.argv[2], int(sys.argv[3]))
