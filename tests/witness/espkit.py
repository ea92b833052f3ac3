"""ESP by scapy, with the keys that `l2tpsecctl keys` shows: opened from a capture, or made for a running gateway.

As a program: `espkit.py open PCAP KEYS [TEXT COUNT] [--gaps]` opens every ESP packet of the capture and looks into it; with TEXT,
so many echo requests must have it in their data.
"""
import csv
import json
import socket
import struct
import subprocess
import sys
import time

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, AuthAlgo, IPSecIntegrityError, SecurityAssociation
from scapy.packet import Raw
from scapy.utils import RawPcapReader

NAT_PORT = 4500
L2TP_PORT = 1701
AHEAD = 200  # leave the daemon numbers for what it sends meanwhile: within a window of 1024 both are good
CIPHERS = {"AES-GCM": ("AES-GCM", 8, 16, 4), "ChaCha20": ("CHACHA20-POLY1305", 8, 16, 4), "AES-CBC": ("AES-CBC", 16, 0, 16),
           "AES-CTR": ("AES-CTR", 8, 0, 4), "TripleDES-CBC": ("3DES", 8, 0, 8), "DES-CBC": ("DES", 8, 0, 8)}
MACS = {"HMAC-SHA-256-128": ("SHA2-256-128", 16), "HMAC-SHA-384-192": ("SHA2-384-192", 24), "HMAC-SHA-512-256": ("SHA2-512-256", 32),
        "HMAC-SHA-1-96": ("HMAC-SHA1-96", 12), "HMAC-MD5-96": ("HMAC-MD5-96", 12), "NULL": (None, 0)}


class EsnAuth(AuthAlgo):
    """scapy leaves the high half of the number out of ESP's ICV (RFC 4303 2.2.1: it goes in behind the packet)."""

    def __init__(self, plain):
        super().__init__(plain.name, plain.mac, plain.digestmod, plain.icv_size)

    def icv(self, covered, key):
        mac = self.new_mac(key)
        mac.update(covered + bytes(4))
        return mac.finalize()[: self.icv_size]

    def sign(self, pkt, key, esn_en=False, esn=0):
        pkt[ESP].data += self.icv(bytes(pkt[ESP]), key)
        return pkt

    def verify(self, pkt, key, esn_en=False, esn=0):
        whole = bytes(pkt)
        if whole[-self.icv_size :] != self.icv(whole[: -self.icv_size], key):
            raise IPSecIntegrityError("the ICV is wrong")


class Sa:
    """One SA, from a line for tshark's esp_sa."""

    def __init__(self, line):
        field = next(csv.reader([line]))
        self.source, self.destination, self.spi = field[1], field[2], int(field[3], 16)
        self.esn = len(field) > 8 and field[8] == "64-bit"
        cipher, self.iv, self.icv, self.align = CIPHERS[field[4].split()[0]]
        mac, icv = MACS[field[6].split()[0]]
        self.icv += icv
        self.scapy = SecurityAssociation(
            ESP,
            spi=self.spi,
            crypt_algo=cipher,
            crypt_key=bytes.fromhex(field[5][2:]),
            auth_algo=mac,
            auth_key=bytes.fromhex(field[7][2:]) if mac else None,
            esn_en=self.esn,
        )
        if self.esn and mac:
            self.scapy.auth_algo = EsnAuth(self.scapy.auth_algo)

    def open(self, packet):
        """The inner IP packet of an ESP packet; an exception if it is not authentic."""
        v6 = ":" in self.source
        outer = (IPv6(src=self.source, dst=self.destination, nh=50) if v6
                 else IP(src=self.source, dst=self.destination, proto=50))
        return self.scapy.decrypt(type(outer)(bytes(outer / Raw(packet))))


def read_keys(path):
    with open(path, encoding="ascii") as f:
        sas = [Sa(line[4:].strip()) for line in f if line.startswith("esp ")]
    return {sa.spi: sa for sa in sas}


def esp_packets(path):
    """(outer packet, ESP packet) of a capture, in order."""
    for frame, _ in RawPcapReader(path):
        kind = struct.unpack_from("!H", frame, 12)[0]
        if kind == 0x0800:
            outer = frame[14 : 14 + struct.unpack_from("!H", frame, 16)[0]]
            protocol, rest = outer[9], outer[(outer[0] & 15) * 4 :]
        elif kind == 0x86DD:
            outer = frame[14 : 54 + struct.unpack_from("!H", frame, 18)[0]]
            protocol, rest = outer[6], outer[40:]
        else:
            continue
        if protocol == 17 and NAT_PORT in struct.unpack_from("!HH", rest) and len(rest) > 12 and rest[8:12] != bytes(4):
            yield outer, rest[8:]
        elif protocol == 50:
            yield outer, rest


def ppp_packet(l2tp):
    """(PPP protocol, packet) of an L2TP data message; None of a control message."""
    flags = struct.unpack_from("!H", l2tp)[0]
    if flags & 15 != 2:
        raise ValueError("this is no L2TPv2")
    if flags & 0x8000:
        return None
    at = 6 + (2 if flags & 0x4000 else 0) + (4 if flags & 0x0800 else 0)
    if l2tp[at : at + 2] == b"\xff\x03":
        at += 2
    if l2tp[at] & 1:
        return l2tp[at], l2tp[at + 1 :]
    return struct.unpack_from("!H", l2tp, at)[0], l2tp[at + 2 :]


def l2tp_frame(connection, session, packet):
    """An L2TP data message with an IPv4 packet in PPP, nothing compressed."""
    return struct.pack("!HHHHH", 0x0002, connection, session, 0xFF03, 0x0021) + bytes(packet)


def open_all(pcap, keys, text=None, pings=0, gaps=False):
    """Opens every packet; without `gaps` each number must be there once. Returns what is wrong as a list of lines."""
    wrong, numbers, found, opened = [], {}, 0, 0
    for outer, packet in esp_packets(pcap):
        spi, number = struct.unpack_from("!LL", packet)
        numbers.setdefault(spi, []).append(number)
        if spi not in keys:
            wrong.append("no key of SPI 0x%08x" % spi)
            continue
        try:
            inner = keys[spi].open(packet)
            if inner.src != keys[spi].source or (inner[UDP].sport, inner[UDP].dport) != (L2TP_PORT, L2TP_PORT):
                raise ValueError("not UDP 1701 to 1701")
            frame = ppp_packet(bytes(inner[UDP].payload))
        except (IPSecIntegrityError, ValueError, IndexError, struct.error) as e:
            wrong.append("SPI 0x%08x number %u: %s" % (spi, number, e or type(e).__name__))
            continue
        opened += 1
        if frame and frame[0] == 0x21:
            ip = IP(frame[1])
            found += ICMP in ip and ip[ICMP].type == 8 and text is not None and text.encode() in bytes(ip[ICMP].payload)
    for spi, seen in numbers.items():
        if sorted(seen) != list(range(1, len(seen) + 1)) and not gaps:
            wrong.append("the numbers of SPI 0x%08x are not 1 to %u" % (spi, len(seen)))
    if len(numbers) < 2:
        wrong.append("SAs seen: %u" % len(numbers))
    if text is not None and found != pings:
        wrong.append("%u echo requests with '%s', not %u" % (found, text, pings))
    print("%u of %u packets opened" % (opened, sum(map(len, numbers.values()))))
    return wrong


class Daemon:
    """A running daemon, asked through l2tpsecctl."""

    def __init__(self, ctl, run_dir, tunnel):
        self.ctl, self.run_dir, self.tunnel = ctl, run_dir, tunnel

    def ask(self, *words):
        out = subprocess.run([self.ctl, "--run-dir", self.run_dir, "--json", *words], capture_output=True, text=True, check=True)
        return [json.loads(line) for line in out.stdout.splitlines()]

    def status(self):
        return [o for o in self.ask("status", self.tunnel) if o["type"] == "tunnel"][0]

    def keys(self):
        sas = [Sa(o["line"]) for o in self.ask("keys") if o["type"] == "key" and o["kind"] == "esp"]
        return {sa.spi: sa for sa in sas}

    def drops(self):
        """Counters of the packet path."""
        return {o["name"]: o["count"] for o in self.ask("counters")
                if o["type"] == "counter" and o["name"].startswith(("ESP_", "GW_", "L2TP_", "PPP_"))}

    def dropped_since(self, before, wanted):
        """What was counted since `before`; waits a little for what is wanted."""
        for _ in range(20):
            now = self.drops()
            more = {name: now[name] - before.get(name, 0) for name in now if now[name] != before.get(name, 0)}
            if sum(more.values()) >= sum(wanted.values()):
                break
            time.sleep(0.05)
        return more


class Sender:
    """Takes over the sending SA of a daemon: makes its next packets and sends them from its address and port (IPv4)."""

    def __init__(self, daemon, ahead=AHEAD):
        status = daemon.status()
        out = [sa for sa in status["esp_sas"] if sa["direction"] == "out"][-1]
        self.sa = daemon.keys()[int(out["spi"], 16)]
        self.number = out["sequence"] + ahead
        self.udp = out["udp"]
        self.connection, self.session = status["peer_connection"], status["peer_session"]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def seal(self, inner):
        """ESP with the next number around what `inner` carries, an IP packet between the gateways."""
        sealed = self.sa.scapy.encrypt(inner, seq_num=self.number)
        self.number += 1
        return bytes(sealed[ESP])

    def wrap(self, packet):
        """An IP packet of the LAN in PPP in L2TP in UDP."""
        return self.outer() / UDP(sport=L2TP_PORT, dport=L2TP_PORT) / l2tp_frame(self.connection, self.session, packet)

    def outer(self, **more):
        return IP(src=self.sa.source, dst=self.sa.destination, **more)

    def send(self, esp, source=None, port=NAT_PORT):
        """Sends ESP bytes as the SA does, perhaps from elsewhere. (scapy 2.5's nat_t_header gets UDP's length wrong.)"""
        outer = IP(src=source or self.sa.source, dst=self.sa.destination, proto=17 if self.udp else 50)
        if self.udp:
            self.send_whole(bytes(outer / UDP(sport=port, dport=NAT_PORT, chksum=0) / Raw(esp)))
        else:
            self.send_whole(bytes(outer / Raw(esp)))

    def send_whole(self, outer):
        self.socket.sendto(outer, (self.sa.destination, 0))


if __name__ == "__main__":
    arguments = [a for a in sys.argv[2:] if a != "--gaps"]
    faults = open_all(arguments[0], read_keys(arguments[1]), *(arguments[2:3] + [int(a) for a in arguments[3:4]]),
                      gaps="--gaps" in sys.argv)
    print("\n".join(faults))
    sys.exit(1 if faults else 0)
