"""AH by scapy against the esp/ engine, both ways, and AES-GMAC, which scapy has not, by pycryptodome: ah.py IPSEC_PIPE. No network; prints
a line a test."""
import struct
import subprocess
import sys

from Cryptodome.Cipher import AES
from scapy.layers.inet import IP, UDP, IPOption_NOP, IPOption_RR, IPOption_Router_Alert, IPOption_Timestamp
from scapy.layers.inet6 import HBHOptUnknown, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.packet import Raw, bind_layers, split_layers

SPI_ESP, SPI_AH = 0x1000, 0x1002  # those of ipsec_setup.h: ours, and one more for the other way
# name of ours: scapy's, key bytes
INTEGS = {"sha256": ("SHA2-256-128", 32), "sha384": ("SHA2-384-192", 48), "sha512": ("SHA2-512-256", 64), "sha1": ("HMAC-SHA1-96", 20),
          "md5": ("HMAC-MD5-96", 16), "aescmac": ("AES-CMAC-96", 16)}
PAYLOAD = UDP(sport=1701, dport=1701, chksum=0x1234)
failed = 0


def keymat(direction, size):
    return bytes((i * 11 + direction * 101 + 3) & 255 for i in range(size))


def headers4():
    base = dict(src="192.0.2.1", dst="198.51.100.1", tos=0xB8, id=0x4321, ttl=61, flags="DF")
    yield "plain", IP(**base)
    yield "router alert", IP(options=[IPOption_Router_Alert()], **base)
    yield "record route", IP(options=[IPOption_NOP(), IPOption_RR(routers=["1.2.3.4", "0.0.0.0"]), IPOption_Router_Alert()], **base)
    yield "time stamp", IP(options=[IPOption_Timestamp(timestamp=7)], **base)


def headers6():
    base = dict(src="2001:db8::1", dst="2001:db8::2", tc=0xB8, fl=0x12345, hlim=61)
    yield "plain", IPv6(**base)
    options = [HBHOptUnknown(otype=0x1E, optdata=b"stay"), HBHOptUnknown(otype=0x3E, optdata=b"change")]
    yield "hop-by-hop options", IPv6(**base) / IPv6ExtHdrHopByHop(options=options)
    yield "destination options", IPv6(**base) / IPv6ExtHdrDestOpt(options=options)
    yield "a routing header", IPv6(**base) / IPv6ExtHdrRouting(addresses=["2001:db8::7", "2001:db8::8"], segleft=2)


def walked(packet):
    """The packet after all addresses of its routing header."""
    if IPv6ExtHdrRouting in packet:
        routing = packet[IPv6ExtHdrRouting]
        routing.addresses, packet.dst = [packet.dst] + routing.addresses[:-1], routing.addresses[-1]
        routing.segleft = 0
    return packet


class Ours:
    def __init__(self, pipe, *words):
        self.process = subprocess.Popen([pipe, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def seal(self, following, headers, payload):
        answer = self.ask("seal %u %s %s" % (following, bytes(headers).hex(), bytes(payload).hex()))
        return None if answer.startswith("no ") else bytes.fromhex(answer)

    def open(self, packet):
        return self.ask("open " + bytes(packet).hex())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def check(what, good, got=""):
    global failed
    failed += not good
    print("%s - %s%s" % ("ok" if good else "not ok", what, "" if good else ": " + str(got)))


def both_ways(pipe, name, family):
    scapys, size = INTEGS[name]
    words = ["protocol=ah", "ah=" + name]
    words += ["local=192.0.2.1", "remote=198.51.100.1"] if family == 4 else ["local=2001:db8::1", "remote=2001:db8::2"]
    ours = Ours(pipe, *words)
    out = SecurityAssociation(AH, spi=SPI_AH, auth_algo=scapys, auth_key=keymat(0, size))
    into = SecurityAssociation(AH, spi=SPI_AH + 1, auth_algo=scapys, auth_key=keymat(1, size))
    kind = IP if family == 4 else IPv6
    wrong, number = [], 0
    for what, headers in headers4() if family == 4 else headers6():
        for length in (0, 1, 3, 50, 1200):
            payload, number = PAYLOAD / Raw(b"\xa5" * length), number + 1
            seen = ours.seal(17, headers, payload)
            try:
                opened = out.decrypt(walked(kind(seen)))
                if not bytes(opened).endswith(bytes((headers / payload)[UDP])):
                    wrong.append("%s, %u: scapy reads something else" % (what, length))
            except Exception as e:  # whatever scapy says is the witness's word
                wrong.append("%s, %u: scapy refuses: %s" % (what, length, repr(e)))
            made = into.encrypt(kind(bytes(headers / payload)), seq_num=number)
            answer = ours.open(walked(made))
            if answer != "17 " + bytes((headers / payload)[UDP]).hex():
                wrong.append("%s, %u: we say %s" % (what, length, answer[:60]))
    ours.end()
    check("AH %s over IPv%d, scapy both ways" % (name, family), not wrong, wrong[:4])


def gmac(key, packet, head, iv):
    """RFC 4543 4 and RFC 4302 3.3.3.1, of a packet whose header of `head` bytes has no options: the ICV."""
    fixed = bytearray(packet)
    if head == 20:
        fixed[1], fixed[6:9], fixed[10:12] = 0, bytes(3), bytes(2)  # TOS, flags and offset, TTL; checksum
    else:
        fixed[0:4], fixed[7] = bytes([0x60, 0, 0, 0]), 0  # class and flow, hop limit
    fixed[head + 12 : head + 36] = bytes(24)  # the whole field: IV and ICV
    return AES.new(key[:-4], AES.MODE_GCM, nonce=key[-4:] + iv, mac_len=16).update(bytes(fixed)).digest()


def gmac_both_ways(pipe, bits, family):
    size, head = bits // 8 + 4, 20 if family == 4 else 40
    pad = bytes(0 if family == 4 else 4)  # AH is a multiple of 8 bytes over IPv6
    words = ["protocol=ah", "ah=aes%d-gmac" % bits]
    words += ["local=192.0.2.1", "remote=198.51.100.1"] if family == 4 else ["local=2001:db8::1", "remote=2001:db8::2"]
    ours, wrong = Ours(pipe, *words), []
    headers = next(headers4() if family == 4 else headers6())[1]
    for number, length in enumerate((0, 1, 3, 50, 1200), 1):
        payload = bytes((headers / PAYLOAD / Raw(b"\xa5" * length))[UDP])
        seen = ours.seal(17, headers, payload)
        ah, iv, icv = seen[head : head + 12], seen[head + 12 : head + 20], seen[head + 20 : head + 36]
        if ah != struct.pack("!BBHII", 17, (36 + len(pad)) // 4 - 2, 0, SPI_AH, number) or seen[head + 36 :] != pad + payload:
            wrong.append("%u: it looks otherwise: %s" % (length, seen.hex()))
        if gmac(keymat(0, size), seen, head, iv) != icv:
            wrong.append("%u: another ICV" % length)
        iv = struct.pack("!Q", 0xA0A1A2A300000000 + number)
        ah = struct.pack("!BBHII", 17, (36 + len(pad)) // 4 - 2, 0, SPI_AH + 1, number) + iv + bytes(16) + pad
        around = type(headers)(bytes(headers)[:head])
        if family == 4:
            around.proto, around.len, around.chksum = 51, None, None
        else:
            around.nh, around.plen = 51, None
        made = bytearray(bytes(around / Raw(ah + payload)))
        made[head + 20 : head + 36] = gmac(keymat(1, size), made, head, iv)
        answer = ours.open(made)
        if answer != "17 " + payload.hex():
            wrong.append("%u: we say %s" % (length, answer[:60]))
        made[head + 19] ^= 1
        made[head + 11] += 5
        if ours.open(made) != "no ESP_ICV":
            wrong.append("%u: a bent one opens" % length)
    ours.end()
    check("AH aes%d-gmac over IPv%d, pycryptodome both ways" % (bits, family), not wrong, wrong[:4])


def bundle(pipe):
    """ESP by one SA of scapy's, AH around it by another."""
    ours = Ours(pipe, "protocol=ah+esp", "encr=aes128", "integ=sha256", "ah=sha256", "local=192.0.2.1", "remote=198.51.100.1")
    keys = keymat(0, 48), keymat(1, 48)
    esp = [SecurityAssociation(ESP, spi=SPI_ESP + d, crypt_algo="AES-CBC", crypt_key=keys[d][:16], auth_algo="SHA2-256-128",
                               auth_key=keys[d][16:]) for d in (0, 1)]
    ah = [SecurityAssociation(AH, spi=SPI_AH + d, auth_algo="SHA2-256-128", auth_key=keymat(d, 32)) for d in (0, 1)]
    headers = IP(src="192.0.2.1", dst="198.51.100.1", id=7)
    payload = PAYLOAD / Raw(b"in both")
    inner = bytes((headers / payload)[UDP])
    alone = esp[1].encrypt(IP(bytes(headers / payload)))
    # Where scapy sees ESP it checks and makes ESP's ICV: it must not know it in AH.
    for above, field in ((IP, "proto"), (AH, "nh")):
        split_layers(above, ESP, **{field: 50})
    within = bytes(ah[0].decrypt(IP(ours.seal(17, headers, payload)))[Raw])
    around = ah[1].encrypt(IP(src="192.0.2.1", dst="198.51.100.1", id=7, proto=50) / Raw(bytes(alone[ESP])))
    for above, field in ((IP, "proto"), (AH, "nh")):
        bind_layers(above, ESP, **{field: 50})
    opened = esp[0].decrypt(IP(bytes(IP(src="192.0.2.1", dst="198.51.100.1", proto=50) / Raw(within))))
    check("AH over ESP, scapy opens it", bytes(opened[UDP]) == inner, opened)
    check("scapy's ESP alone is refused", ours.open(alone) == "no AH_OUTER")
    answer = ours.open(around)
    check("AH over scapy's ESP opens", answer == "17 " + inner.hex(), answer)
    answer = ours.open(ah[1].encrypt(IP(bytes(headers / payload))))
    check("scapy's AH alone is refused", answer == "no ESP_BUNDLE", answer)
    ours.end()


if __name__ == "__main__":
    for integ in INTEGS:
        for ip in (4, 6):
            both_ways(sys.argv[1], integ, ip)
    for key_bits in (128, 192, 256):
        for ip in (4, 6):
            gmac_both_ways(sys.argv[1], key_bits, ip)
    bundle(sys.argv[1])
    sys.exit(1 if failed else 0)
