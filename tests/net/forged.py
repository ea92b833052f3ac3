"""Runs beside the branch's daemon: forged.py CTL RUN-A RUN-B LAN PCAP. Sends what a gateway must not take, in the branch's place."""
import os
import random
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "witness"))
from espkit import L2TP_PORT, Daemon, Sender, esp_packets, l2tp_frame  # noqa: E402
from scapy.layers.inet import ICMP, IP, UDP  # noqa: E402
from scapy.packet import Raw  # noqa: E402

GUEST, HOST = "10.71.0.99", "10.72.0.2"
ELSEWHERE = "198.51.100.77"


class Attack:
    def __init__(self, ctl, run_a, run_b, lan):
        self.head = Daemon(ctl, run_b, "branch")
        self.sender = Sender(Daemon(ctl, run_a, "hq"), ahead=1)
        self.lan = lan
        self.failed = 0

    def check(self, what, got, wanted):
        self.failed += got != wanted
        print("%s %s" % ("ok" if got == wanted else "not ok", what))
        if got != wanted:
            print("got %s, wanted %s" % (got, wanted))

    def arrived(self):
        with open(self.lan, encoding="latin-1") as f:
            return f.read().count("> %s" % HOST)

    def step(self, what, packets, wanted, arrive=0, send=None):
        """Sends the packets; exactly what is wanted must be counted, and so many must reach the LAN."""
        drops, there = self.head.drops(), self.arrived()
        for packet in packets:
            (send or self.sender.send)(packet)
        self.check(what, self.head.dropped_since(drops, wanted), wanted)
        for _ in range(10 if arrive else 1):
            time.sleep(0.05)
            if self.arrived() - there >= arrive > 0:
                break
        if self.arrived() - there != arrive:
            self.check(what + ": what reaches the LAN", self.arrived() - there, arrive)

    def good(self, size=33):
        """An authentic ESP packet, not sent yet."""
        return self.sender.seal(self.sender.wrap(IP(src=GUEST, dst=HOST) / ICMP() / Raw(bytes(size))))


def flipped(packet, bit):
    out = bytearray(packet)
    out[bit // 8] ^= 0x80 >> bit % 8
    return bytes(out)


def replays(a, pcap):
    sent = [packet for _, packet in esp_packets(pcap) if packet[:4] == struct.pack("!L", a.sender.sa.spi)]
    a.step("a replay of the latest packets", sent[-8:], {"ESP_REPLAY": 8})
    # With ESN a number below the window can only be the next one with these low bits (RFC 4303 A2.2), which the ICV refutes.
    a.step("a replay of the first packets", sent[:8], {"ESP_ICV" if a.sender.sa.esn else "ESP_TOO_OLD": 8})
    a.step("a replay of one packet, fifty times", sent[-1:] * 50, {"ESP_REPLAY": 50})
    return sent


def forgeries(a):
    packet = a.good()
    number = struct.unpack_from("!L", packet, 4)[0]
    a.step("every bit of the SPI flipped", [flipped(packet, b) for b in range(32)], {"ESP_UNKNOWN_SPI": 32})
    higher = [flipped(packet, 32 + b) for b in range(32) if not number & 0x80000000 >> b]
    a.step("the number made higher", higher, {"ESP_ICV": len(higher)})
    rest = range(64, 8 * len(packet))
    for start in range(0, len(rest), 200):
        part = rest[start : start + 200]
        a.step("IV, text and ICV: bits %u to %u flipped" % (part[0], part[-1]), [flipped(packet, b) for b in part], {"ESP_ICV": len(part)})
    a.step("the packet itself after all forgeries", [packet], {}, arrive=1)
    a.step("the packet itself again", [packet], {"ESP_REPLAY": 1})


def lengths(a):
    packet = a.good()
    sa = a.sender.sa
    a.step("no byte, and a NAT keepalive", [b"", b"\xff"], {})
    a.step("cut before the end of the header", [packet[:n] for n in range(2, 8)], {"ESP_TRUNCATED": 6})
    cut = [packet[:n] for n in range(8, len(packet))] + [packet + bytes(n) for n in range(1, 33)]
    around = 8 + sa.iv + sa.icv
    fits = [p for p in cut if len(p) >= around + sa.align and (len(p) - around) % sa.align == 0]
    a.step("cut or grown to any other length", cut, {"ESP_TRUNCATED": len(cut) - len(fits), "ESP_ICV": len(fits)})
    a.step("the packet in full", [packet], {}, arrive=1)


def elsewhere(a, sent):
    peer = a.head.status()["peer_address"]
    a.step("forged, from elsewhere", [flipped(a.good(), 500)], {"ESP_ICV": 1}, send=lambda p: a.sender.send(p, source=ELSEWHERE))
    a.step("replayed, from elsewhere", sent[-1:], {"ESP_REPLAY": 1}, send=lambda p: a.sender.send(p, source=ELSEWHERE))
    a.step("replayed, from another port", sent[-1:], {"ESP_REPLAY": 1}, send=lambda p: a.sender.send(p, port=4501))
    a.check("the peer's address is the same", a.head.status()["peer_address"], peer)


def unfit(a):
    """Authentic, but not what was agreed for the SA, or not for anybody."""
    s = a.sender
    ping = IP(src=GUEST, dst=HOST) / ICMP()
    frame = l2tp_frame(s.connection, s.session, ping)
    inner = [s.outer() / UDP(sport=sport, dport=dport) / frame
             for sport, dport in ((L2TP_PORT, 1702), (1702, L2TP_PORT), (53, 53))]
    inner.append(s.outer(proto=6) / Raw(struct.pack("!HH", L2TP_PORT, L2TP_PORT) + bytes(20)))
    inner.append(s.outer(proto=4) / ping)
    inner.append(s.outer(proto=1) / ICMP())
    inner.append(s.outer(proto=17) / Raw(b"\x06"))
    a.step("authentic, but not UDP 1701", [s.seal(p) for p in inner], {"ESP_SELECTOR": len(inner)})
    udp = [s.outer(proto=17) / Raw(struct.pack("!HHHH", L2TP_PORT, L2TP_PORT, n, 0) + frame) for n in (0, 7, 9 + len(frame))]
    a.step("authentic, but UDP's length is wrong", [s.seal(p) for p in udp], {"GW_UDP_HEADER": len(udp)})

    def l2tp(connection, session):
        return s.seal(s.outer() / UDP(sport=L2TP_PORT, dport=L2TP_PORT) / l2tp_frame(connection, session, ping))

    a.step("authentic, but for no session", [l2tp(s.connection, s.session ^ 1), l2tp(s.connection ^ 1, s.session)], {"GW_NO_SESSION": 2})
    a.step("a dummy packet", [s.seal(s.outer(proto=59) / Raw(bytes(40)))], {"ESP_DUMMY": 1})


def cleartext(a):
    """L2TP without IPsec: there is nobody."""
    sccrq = bytes.fromhex("c802001400000000000000008008000000000001")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((a.sender.sa.destination, L2TP_PORT))
        s.settimeout(1)
        s.send(sccrq)
        try:
            got = "an answer of %u bytes" % len(s.recv(2000))
        except ConnectionRefusedError:
            got = "port unreachable"
        except TimeoutError:
            got = "silence"
    a.check("cleartext L2TP meets a closed port", got, "port unreachable")


def garbage(a):
    r = random.Random(1701)
    before = a.head.status()
    processes = [o["processes"] for o in a.head.ask("status") if o["type"] == "daemon"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(300):
            body = r.randbytes(r.randrange(1, 600))
            ike = r.randbytes(16) + bytes((r.randrange(30, 55), 0x20, r.randrange(33, 40), r.randrange(64))) + bytes(4)
            ike += struct.pack("!L", 28 + len(body)) + body
            s.sendto(body, (a.sender.sa.destination, 500))
            s.sendto(ike, (a.sender.sa.destination, 500))
            s.sendto(bytes(4) + body, (a.sender.sa.destination, 4500))
            s.sendto(bytes(4) + ike, (a.sender.sa.destination, 4500))
            time.sleep(0.001)
        esp = [b"\x80" + r.randbytes(r.randrange(7, 600)) for _ in range(300)]
        a.step("random bytes as ESP", esp, {"ESP_UNKNOWN_SPI": 300}, send=lambda p: s.sendto(p, (a.sender.sa.destination, 4500)))
    a.check("no process was lost to garbage", [o["processes"] for o in a.head.ask("status") if o["type"] == "daemon"], processes)
    after = a.head.status()
    a.check("garbage makes no SA", len(after["ike_sas"]), len(before["ike_sas"]))


def main(ctl, run_a, run_b, lan, pcap):
    a = Attack(ctl, run_a, run_b, lan)
    sent = replays(a, pcap)
    forgeries(a)
    lengths(a)
    elsewhere(a, sent)
    unfit(a)
    cleartext(a)
    garbage(a)
    return 1 if a.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
