#!/usr/bin/env python3
"""Packets of every kind, put into one end of the tunnel and compared byte by byte where they come out.

offload.py LAN-A GW-A DEVICE-A GW-B DEVICE-B LAN-B PID MTU WAY...   namespaces, tunnel devices, the sending gateway process, the tunnel's MTU

Bursts are sent while the sending gateway is stopped (SIGSTOP), so that it finds many packets at once. From LAN to LAN a packet passes two
routers; what routers would not pass goes from device to device. WAY: lan, device, or both. A line for each burst that arrives otherwise.
"""
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys

LAN_A, LAN_B = "10.71.0.2", "10.72.0.77"
LAN_A6, LAN_B6 = "fd71::2", "fd72::77"
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << i for i in range(8))
TCP, UDP, LAST = 6, 17, 253  # the last packet of each burst has a protocol of its own
SOL_PACKET, PACKET_VNET_HDR = 263, 15
GSO_TCP4, GSO_TCP6, GSO_UDP, GSO_ECN = 1, 4, 5, 0x80
WAIT = 10


def fold(data, start=0):
    if len(data) & 1:
        data += b"\0"
    total = start + sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def ip4(protocol, body, ident=1, tos=0, ttl=64, flags=0x4000, options=b"", to=LAN_B):
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, tos, 20 + len(options) + len(body), ident & 0xffff, flags, ttl, protocol, 0,
                       address(LAN_A), address(to)) + options
    return head[:10] + struct.pack("!H", fold(head) ^ 0xffff) + head[12:] + body


def ip6(protocol, body, tos=0, flow=0x12345, hops=64, extra=b"", to=LAN_B6):
    """extra: extension headers, the first of which is `protocol`; the last one names what follows."""
    return struct.pack("!IHBB", 6 << 28 | tos << 20 | flow, len(extra) + len(body), protocol, hops) + address(LAN_A6) + address(to) + extra + body


def pseudo(version, protocol, size, to=None):
    if version == 4:
        return fold(address(LAN_A) + address(to or LAN_B) + struct.pack("!HH", protocol, size))
    return fold(address(LAN_A6) + address(to or LAN_B6) + struct.pack("!II", size, protocol))


def summed(version, protocol, body, at, partial=False, to=None):
    start = pseudo(version, protocol, len(body), to)
    value = start if partial else fold(body, start) ^ 0xffff
    if protocol == UDP and value == 0 and not partial:
        value = 0xffff
    return body[:at] + struct.pack("!H", value) + body[at + 2:]


def payload(size, seed=0):
    return bytes((seed + i * 7) & 255 for i in range(size))


def tcp(version, seq, size, flags=ACK, options=b"", ack=77, window=501, urgent=0, ports=(40000, 443), partial=False, reserved=0):
    head = struct.pack("!HHIIBBHHH", *ports, seq & 0xffffffff, ack, (20 + len(options)) // 4 << 4 | reserved, flags, window, 0, urgent)
    return summed(version, TCP, head + options + payload(size, seq), 16, partial)


def udp(version, size, ports=(5000, 6000), seed=0, partial=False, to=None):
    return summed(version, UDP, struct.pack("!HHHH", *ports, 8 + size, 0) + payload(size, seed), 6, partial, to)


def wrong(packet, at):
    return packet[:at] + bytes([packet[at] ^ 0x55]) + packet[at + 1:]


# -- the corpus: bursts, each a name and a list of packets --

class Stream:
    """TCP segments in a row, some of them special."""

    def __init__(self, version, ports=(40000, 443), seq=0xffffff00, ident=65530):
        self.version, self.ports, self.seq, self.ident, self.out = version, ports, seq, ident, []

    def add(self, size=500, ip=None, ident_step=1, change=None, **fields):
        body = tcp(self.version, self.seq, size, ports=self.ports, **fields)
        self.seq += size
        if self.version == 4:
            packet = ip4(TCP, body, **{"ident": self.ident, **(ip or {})})
        else:
            packet = ip6(**{"protocol": TCP, "body": body, **(ip or {})})
        self.ident += ident_step
        self.out.append(change(packet) if change else packet)
        return self

    def run(self, n=3, **more):
        for _ in range(n):
            self.add(**more)
        return self


def stamps(value):
    return b"\1\1\x08\x0a" + struct.pack("!II", value, 5)


def sack(edge):
    return b"\1\1\5\x12" + struct.pack("!IIII", edge, edge + 9, 1, 2)


def tcp_bursts(v):
    head = 20 if v == 4 else 40
    s = Stream(v)
    for flags in (FIN, SYN, RST, PSH, URG, ECE, CWR, ECE | CWR, PSH | FIN, 0, ACK | URG):
        s.run().add(flags=flags | ACK if flags else 0)
    yield "flags", s.out
    s = Stream(v).run(4, options=stamps(1)).run(4, options=stamps(2)).add(options=stamps(3)).run(4, options=stamps(2))
    s.run(3, options=sack(100)).run(3, options=sack(200)).run(3).run(2, options=b"\1\1\1\0")
    yield "options", s.out
    s = Stream(v).run().run(3, ack=78).run(3, window=9).run(3, urgent=4).run(3, reserved=1).add(size=0).run().add(size=499).add(size=501).run()
    s.seq -= 500
    s.run()
    s.seq += 3
    yield "fields", s.run().out
    s = Stream(v).run().add(change=lambda p: wrong(p, head + 16)).run().add(change=lambda p: wrong(p, head + 70)).run()
    s.add(change=lambda p: p[:head + 16] + b"\xff\xff" + p[head + 18:]).run()
    s.add(change=lambda p: p[:head + 16] + b"\0\0" + p[head + 18:])
    yield "wrong checksums", s.run().out
    yield "both zeros", both_zeros(v)
    s = Stream(v)
    for size in range(1, 60):
        s.add(size=size)
    yield "odd sizes, growing", s.out
    s = Stream(v)
    for size in range(60, 0, -1):
        s.add(size=size)
    yield "odd sizes, shrinking", s.out
    two = [Stream(v, (40000 + i, 443), seq=i * 1000, ident=9 + i * 20000) for i in range(20)]
    for _ in range(3):
        for t in two:
            t.add(size=100)
    yield "twenty flows", [p for row in zip(*(t.out for t in two)) for p in row]


def both_zeros(v):
    """Segments whose checksum is zero, in either form."""
    head, out = 20 if v == 4 else 40, []
    for i in range(8):
        p = (Stream(v, seq=i * 500, ident=100 + i).add().out)[0]
        have = p[head:head + 16] + b"\0\0" + p[head + 18:head + 20] + b"\0\0" + p[head + 22:]
        word = fold(have, pseudo(v, TCP, len(have))) ^ 0xffff
        form = b"\xff\xff" if i % 4 == 2 else b"\0\0"
        out.append(p[:head + 16] + form + p[head + 18:head + 20] + struct.pack("!H", word) + p[head + 22:])
    return out


def ip4_bursts(mtu):
    s = Stream(4).run().run(3, ip={"tos": 0xb8}).run(3, ip={"tos": 2}).run(3, ip={"tos": 3}).run(3, ip={"ttl": 63}).run(3, ip={"ttl": 200})
    s.run(3, ip={"flags": 0}).run(3, ip={"flags": 0xc000}).run(3, ip={"flags": 0x8000})
    yield "IPv4: header fields", s.out
    s = Stream(4).run(4, ip={"ident": 0}).run(4, ident_step=0).run(4, ident_step=2).run(4, ident_step=-1).run(4, ip={"ident": 0, "flags": 0}).run()
    yield "IPv4: identification", s.out
    s = Stream(4).run().add(ip={"options": b"\1\1\1\0"}).run().add(ip={"flags": 0x2000}).run().add(ip={"flags": 0x0040}).run()
    yield "IPv4: options and fragments between segments", s.out
    yield "IPv4: fragments of a large datagram", fragments4(20000, mtu) + Stream(4).run().out + fragments4(9000, mtu)


def fragments4(size, mtu):
    body, step = udp(4, size), (mtu - 20) // 8 * 8
    return [ip4(UDP, body[at:at + step], ident=4711, flags=at // 8 | (0x2000 if at + step < len(body) else 0)) for at in range(0, len(body), step)]


def ip6_bursts(mtu):
    s = Stream(6).run().run(3, ip={"tos": 0xb8}).run(3, ip={"tos": 2}).run(3, ip={"tos": 3}).run(3, ip={"flow": 0}).run(3, ip={"hops": 63})
    yield "IPv6: header fields", s.run().out
    pad = b"\1\4\0\0\0\0"
    s = Stream(6)
    for kind in (0, 60, 43):
        extra = bytes([TCP, 0]) + (pad if kind != 43 else b"\x04\0\0\0\0\0")
        s.run().run(3, ip={"protocol": kind, "extra": extra})
    s.run().run(2, ip={"protocol": 44, "extra": bytes([TCP, 0, 0, 0]) + b"\0\0\0\1"})
    s.run().add(ip={"protocol": 0, "extra": bytes([60, 0]) + pad + bytes([TCP, 0]) + pad})
    yield "IPv6: extension headers", s.run().out
    body, step = udp(6, 20000), (mtu - 48) // 8 * 8
    out = [ip6(44, body[at:at + step], extra=struct.pack("!BBHI", UDP, 0, at | (at + step < len(body)), 99)) for at in range(0, len(body), step)]
    yield "IPv6: fragments of a large datagram", out + Stream(6).run().out


def udp_bursts(v, mtu):
    head, ident = 20 if v == 4 else 40, 1000

    def packet(body, step=1):
        nonlocal ident
        ident += step
        return ip4(UDP, body, ident=ident) if v == 4 else ip6(UDP, body)

    yield "small sizes", [packet(udp(v, n)) for n in range(60)]
    yield "all sizes", [packet(udp(v, n)) for n in range(60, mtu - head - 8, 37)] + [packet(udp(v, mtu - head - 8)) for _ in range(4)]
    yield "one size", [packet(udp(v, 64, seed=i)) for i in range(60)]
    yield "one size and a shorter one", [packet(udp(v, 64 if i % 7 else 63, seed=i)) for i in range(60)]
    yield "no id", [packet(udp(v, 64, seed=i), 0) for i in range(9)]

    def nosum(p):
        return p[:head + 6] + b"\0\0" + p[head + 8:]

    good = [packet(udp(v, 100, seed=i)) for i in range(24)]
    yield "without a checksum", [nosum(p) if i % 6 > 3 else p for i, p in enumerate(good)]
    yield "wrong checksums", [wrong(p, head + 7 if i % 5 == 0 else head + 30) if i % 5 in (0, 3) else p for i, p in enumerate(good)]
    yield "wrong length", [p[:head + 4] + struct.pack("!H", (108, 90, 200)[i % 3]) + p[head + 6:] for i, p in enumerate(good)]
    flows = [packet(udp(v, 100, ports=(5000 + i % 3, 6000), seed=i)) for i in range(45)]
    yield "flows in turn", flows
    tcp_and_udp = Stream(v, (5000, 6000), ident=ident).run(8, size=100).out
    yield "TCP and UDP of the same ports", [p for pair in zip(good, tcp_and_udp) for p in pair]


def other_bursts():
    icmp = lambda n: (lambda b: b[:2] + struct.pack("!H", fold(b) ^ 0xffff) + b[4:])(struct.pack("!BBHHH", 8, 0, 0, 7, n) + payload(56, n))
    icmp6 = lambda n: summed(6, 58, struct.pack("!BBHHH", 128, 0, 0, 7, n) + payload(56, n), 2)
    out = []
    for n in range(5):
        out += [ip4(1, icmp(n), ident=n), ip6(58, icmp6(n))]
        for protocol in (132, 47, 50, 136, 33, 4, 41, 103):  # SCTP, GRE, ESP, UDP-Lite, DCCP, IP in IP, IPv6 in IP, PIM
            body = struct.pack("!HHHH", 5000, 6000, 72, 0x1234) + payload(64, n)
            out += [ip4(protocol, body, ident=n + 1)] + ([ip6(protocol, body)] if protocol not in (4, 41) else [])
    yield "ICMP, SCTP, GRE and others", out[:len(out) // 2]
    yield "ICMP, SCTP, GRE and others between TCP", [p for pair in zip(out[len(out) // 2:], Stream(4).run(60, size=100).out) for p in pair]


def bursts(mtu):
    for v in (4, 6):
        for name, packets in tcp_bursts(v):
            yield f"TCP in IPv{v}: {name}", packets
        for name, packets in udp_bursts(v, mtu):
            yield f"UDP in IPv{v}: {name}", packets
    yield from ip4_bursts(mtu)
    yield from ip6_bursts(mtu)
    yield from other_bursts()


def device_bursts():
    """What no router passes. No two of one flow, which the device would show joined."""
    segments = [Stream(4, (40000 + i, 443), ident=i * 9).add().out[0] for i in range(30)]
    for i in range(0, 30, 3):
        segments[i] = (wrong(segments[i], 10), segments[i][:10] + b"\xff\xff" + segments[i][12:], segments[i][:8] + b"\0" + segments[i][9:])[i // 3 % 3]
    yield "wrong header checksums", segments
    alert = b"\x94\4\0\0"
    out = []
    for i in range(4):
        out += [ip4(2, struct.pack("!BBH4s", 0x16, 0, 0x1234, address("224.0.0.251")), ttl=1, options=alert, ident=i, to="224.0.0.22"),
                ip4(89, struct.pack("!BBH", 2, 1, 44) + payload(40, i), ttl=1, ident=i, to="224.0.0.5"),
                ip4(UDP, udp(4, 100, (5000 + i, 6000), to="224.0.0.251"), ttl=255, ident=i, to="224.0.0.251"),
                ip4(UDP, udp(4, 100, (5000 + i, 6000), to="255.255.255.255"), ttl=1, ident=i, to="255.255.255.255"),
                ip6(0, struct.pack("!BBH", 143, 0, i) + payload(24), hops=1, extra=bytes([58, 0, 5, 2, 0, 0, 1, 0]), to="ff02::16"),
                ip6(89, payload(36, i), hops=1, to="ff02::5"),
                ip6(UDP, udp(6, 100, (5000 + i, 6000), to="ff02::fb"), hops=255, to="ff02::fb")]
    yield "IGMP, OSPF, MLD, multicast and broadcast", out


# -- super-packets, as a sender's kernel hands them to its network card, and what the card would make of them --

def super_frames(mtu):
    """(name, virtio header, packet, the packets that it is)"""
    for v in (4, 6):
        head = 20 if v == 4 else 40
        for mss, total, flags, options in ((1000, 4000, ACK, b""), (999, 30001, ACK | PSH, stamps(1)), (mtu - head - 32, 60000, ACK | FIN, stamps(2)),
                                           (500, 1001, ACK | ECE | CWR | PSH, b""), (36, 4000, ACK, b""), (1200, 50000, ACK | URG, sack(5))):
            seq, ident = 0xfffff000, 65000
            kind = (GSO_TCP4 if v == 4 else GSO_TCP6) | (GSO_ECN if flags & CWR else 0)
            whole, parts, data = tcp(v, seq, total, flags, options, partial=True), [], None
            data = whole[20 + len(options):]
            for at in range(0, total, mss):
                f = flags & ~(FIN | PSH) if at + mss < total else flags
                f = f & ~CWR if at else f
                t = tcp(v, seq + at, 0, f, options)[:20 + len(options)] + data[at:at + mss]
                parts.append(wrap(v, TCP, summed(v, TCP, t[:16] + b"\0\0" + t[18:], 16), ident + at // mss))
            yield f"TCP super-packet, IPv{v}, {total} bytes", vnet(kind, head, 20 + len(options), mss, 16), wrap(v, TCP, whole, ident), parts
        for size, total in ((1000, 4000), (1200, 50000), (64, 4000), (3, 5), (mtu - head - 8, 9000)):
            whole = udp(v, total, partial=True)
            parts = []
            for at in range(0, total, size):
                body = whole[8:][at:at + size]
                parts.append(wrap(v, UDP, summed(v, UDP, whole[:4] + struct.pack("!HH", 8 + len(body), 0) + body, 6), 65530 + at // size))
            yield f"UDP super-packet, IPv{v}, {total} bytes", vnet(GSO_UDP, head, 8, size, 6), wrap(v, UDP, whole, 65530), parts


def wrap(version, protocol, body, ident):
    return ip4(protocol, body, ident=ident) if version == 4 else ip6(protocol, body)


def vnet(kind, head, transport, size, sum_at):
    # The lengths count from the frame's Ethernet header on.
    return struct.pack("=BBHHHH", 1, kind, 14 + head + transport, size, 14 + head, sum_at)


# -- sending and hearing --

def routed(packet):
    """What two routers make of it."""
    if packet[0] >> 4 == 6:
        return packet[:7] + bytes([packet[7] - 2]) + packet[8:]
    head = packet[:8] + bytes([packet[8] - 2]) + packet[9:10] + b"\0\0" + packet[12:(packet[0] & 15) * 4]
    return head[:10] + struct.pack("!H", fold(head) ^ 0xffff) + head[12:] + packet[len(head):]


def enter(namespace):
    with open(f"/run/netns/{namespace}", "rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")


def packet_socket(namespace, device, hear, vnet_header=False):
    enter(namespace)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    if vnet_header:
        s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    s.setsockopt(socket.SOL_SOCKET, 33 if hear else 32, 64 << 20)  # SO_RCVBUFFORCE, SO_SNDBUFFORCE
    s.bind((device, 3 if hear else 0))  # ETH_P_ALL
    s.settimeout(WAIT)
    return s


def mac(namespace, device):
    enter(namespace)
    with socket.socket() as s:
        return fcntl.ioctl(s, 0x8927, struct.pack("16s16x", device.encode()))[18:24]  # SIOCGIFHWADDR


def flow(packet):
    """What must keep its order: addresses, protocol and ports as far as they are there."""
    v4 = packet[0] >> 4 == 4
    at, protocol = (20, packet[9]) if v4 else (40, packet[6])
    plain = packet[0] == 0x45 and not struct.unpack("!H", packet[6:8])[0] & 0x3fff if v4 else True
    ports = packet[at:at + 4] if protocol in (TCP, UDP) and plain else b""
    return (packet[12:20] if v4 else packet[8:40]), protocol, ports


class Way:
    def __init__(self, say, hear, gateway, front=b"", transform=lambda p: p):
        self.say, self.hear, self.gateway, self.front, self.transform = say, hear, gateway, front, transform
        self.skip = len(front) + 2 if front else 0
        self.number, self.bad, self.count = 0, 0, 0

    def receive(self):
        while True:
            data, where = self.hear.recvfrom(70000)
            packet = data[self.skip:]
            # Only what comes in, of ours; a short frame is padded.
            if where[2] == 4 or len(packet) < 20 or where[1] not in (0x0800, 0x86dd):
                continue
            if packet[0] >> 4 == 4 and packet[12:16] == address(LAN_A):
                return packet[:struct.unpack("!H", packet[2:4])[0]]
            if packet[0] >> 4 == 6 and packet[8:24] == address(LAN_A6):
                return packet[:40 + struct.unpack("!H", packet[4:6])[0]]

    def send(self, packet, header=b""):
        ethertype = b"\x08\0" if packet[0] >> 4 == 4 else b"\x86\xdd"
        frame = header + self.front + ethertype + packet if self.front else packet
        if self.front:
            self.say.send(frame)
        else:
            self.say.sendto(frame, (self.say.getsockname()[0], struct.unpack("!H", ethertype)[0]))

    def burst(self, name, packets, expected, header=b""):
        self.number += 1
        ends = [ip4(LAST, struct.pack("!I", self.number)), ip6(LAST, struct.pack("!I", self.number))]
        os.kill(self.gateway, signal.SIGSTOP)
        try:
            for p in packets:
                self.send(p, header)
            for p in ends:
                self.send(p, bytes(len(header)))
        finally:
            os.kill(self.gateway, signal.SIGCONT)
        wanted = [self.transform(p) for p in expected]
        ends = [self.transform(p) for p in ends]
        self.compare(name, wanted, ends)

    def compare(self, name, wanted, ends):
        open_at, place, extra = {}, {}, []
        for i, p in enumerate(wanted):
            open_at.setdefault(p, []).append(i)
        try:
            # What comes for another address may overtake the rest.
            while ends or any(open_at.values()):
                p = self.receive()
                if p in ends:
                    ends.remove(p)
                    continue
                if not open_at.get(p):
                    extra.append(p)
                    continue
                i = open_at[p].pop(0)
                if i < place.get(flow(p), -1):
                    self.complain(name, f"packet {i} was overtaken")
                place[flow(p)] = i
                self.count += 1
        except TimeoutError:
            self.complain(name, "nothing more arrives")
        lost = sorted(i for left in open_at.values() for i in left)
        if lost:
            self.complain(name, f"{len(lost)} of {len(wanted)} did not arrive as they were: " + " ".join(map(str, lost[:9])))
            print("    sent:   ", wanted[lost[0]][:72].hex())
        if extra:
            self.complain(name, f"{len(extra)} came that were not sent")
            print("    arrived:", extra[0][:72].hex())

    def complain(self, name, what):
        self.bad += 1
        print(f"{name}: {what}")


def main():
    lan_a, gw_a, device_a, gw_b, device_b, lan_b, pid, mtu = sys.argv[1:9]
    ways, bad, count = sys.argv[9:], 0, 0
    if "lan" in ways:
        front = mac(gw_a, "lan") + mac(lan_a, "eth0")
        way = Way(packet_socket(lan_a, "eth0", False, True), packet_socket(lan_b, "eth0", True), int(pid), front, routed)
        for name, packets in bursts(int(mtu)):
            way.burst(name, packets, packets, bytes(10))
        for name, header, packet, parts in super_frames(int(mtu)):
            way.burst(name, [packet, packet], parts + parts, header)
        bad, count = bad + way.bad, count + way.count
    if "device" in ways:
        way = Way(packet_socket(gw_a, device_a, False), packet_socket(gw_b, device_b, True), int(pid))
        for name, packets in device_bursts():
            way.burst(name, packets, packets)
        bad, count = bad + way.bad, count + way.count
    print(count, "packets arrived as they were sent")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
