"""Every transform that scapy has, both ways: transforms.py ESP_DUMP PCAP UAT. Opens with scapy what esp_dump sealed, has esp_dump open what scapy
makes with the same keys, and writes what tshark knows to PCAP with its table of SAs in UAT."""
import subprocess
import sys

from cryptography.hazmat.primitives.ciphers import algorithms, modes
from espkit import EsnAuth
from scapy.layers.inet import IP, UDP
from scapy.layers.ipsec import AUTH_ALGOS, CRYPT_ALGOS, ESP, CryptAlgo, IPSecIntegrityError, SecurityAssociation
from scapy.packet import Raw
from scapy.utils import PcapWriter

SOURCE, DESTINATION = "192.0.2.1", "198.51.100.1"
TEXT = b"transforms, witnessed"
# scapy's frame around a cipher that it does not list
CRYPT_ALGOS["CAMELLIA-CBC"] = CryptAlgo("CAMELLIA-CBC", cipher=algorithms.Camellia, mode=modes.CBC)
MACS = {"sha256": ("SHA2-256-128", "HMAC-SHA-256-128 [RFC4868]"), "sha384": ("SHA2-384-192", "HMAC-SHA-384-192 [RFC4868]"),
        "sha512": ("SHA2-512-256", "HMAC-SHA-512-256 [RFC4868]"), "sha1": ("HMAC-SHA1-96", "HMAC-SHA-1-96 [RFC2404]"),
        "md5": ("HMAC-MD5-96", "HMAC-MD5-96 [RFC2403]"), "aescmac": ("AES-CMAC-96", None), "-": ("NULL", "NULL")}
KEYS = {"sha256": 32, "sha384": 48, "sha512": 64, "sha1": 20, "md5": 16, "aescmac": 16, "aesxcbc": 16, "-": 0}


def cipher_of(name):
    """(scapy's name, bytes of its ICV, tshark's name) of a cipher; None where one does not have it."""
    if name.endswith("-iiv") or name.endswith("-gmac"):
        return None, 0, None
    if "-gcm" in name:
        icv = int(name.split("-gcm")[1] or 16)
        return "AES-GCM" if icv == 16 else None, icv, "AES-GCM with %u octet ICV [RFC4106]" % icv
    if "-ccm" in name:
        return "AES-CCM", int(name.split("-ccm")[1]), None
    if name == "chacha20poly1305":
        return "CHACHA20-POLY1305", 16, None
    if name.endswith("-ctr"):
        return "AES-CTR", 0, "AES-CTR [RFC3686]"
    if name.startswith("camellia"):
        return "CAMELLIA-CBC", 0, None
    return {"3des": ("3DES", 0, "TripleDES-CBC [RFC2451]"), "des": ("DES", 0, "DES-CBC [RFC2405]"),
            "null": ("NULL", 0, "NULL")}.get(name, ("AES-CBC", 0, "AES-CBC [RFC3602]"))


class Line:
    """A line of esp_dump's."""

    def __init__(self, text):
        self.encr, self.integ, esn, spi, keymat, packet = text.split()
        self.esn, self.spi = esn == "1", int(spi, 16)
        keymat = b"" if keymat == "-" else bytes.fromhex(keymat)
        self.keymat, self.packet = keymat, bytes.fromhex(packet)
        cut = len(keymat) - KEYS[self.integ]
        self.key, self.mac_key = keymat[:cut], keymat[cut:]
        self.cipher, self.icv, self.tshark_cipher = cipher_of(self.encr)
        self.mac, self.tshark_mac = MACS.get(self.integ, (None, None))

    def sa(self):
        sa = SecurityAssociation(ESP, spi=self.spi, crypt_algo=self.cipher, crypt_key=self.key, auth_algo=self.mac,
                                 auth_key=self.mac_key or None, esn_en=self.esn, crypt_icv_size=self.icv or None)
        if self.esn and self.mac != "NULL":
            sa.auth_algo = EsnAuth(sa.auth_algo)
            if self.integ == "aescmac":
                sa.auth_algo.new_mac = lambda key: AUTH_ALGOS["AES-CMAC-96"].new_mac(key)
        return sa

    def scapy_opens(self):
        outer = IP(bytes(IP(src=SOURCE, dst=DESTINATION, proto=50) / Raw(self.packet)))
        try:
            return bytes(self.sa().decrypt(outer)[UDP].payload) == TEXT
        except (IPSecIntegrityError, ValueError, IndexError):
            return False

    def scapy_makes(self):
        inner = IP(src=SOURCE, dst=DESTINATION) / UDP(sport=1701, dport=1701, chksum=0) / Raw(TEXT)
        # A header that is made anew has its sum of UDP counted anew as well, unless it is bytes already.
        sealed = self.sa().encrypt(IP(bytes(inner)), seq_num=9)
        return " ".join([self.encr, self.integ, str(int(self.esn)), "%08x" % self.spi, self.keymat.hex() or "-", bytes(sealed[ESP]).hex()])

    def uat(self):
        return ",".join('"%s"' % field for field in (
            "IPv4", SOURCE, DESTINATION, "0x%08x" % self.spi, self.tshark_cipher, "0x" + self.key.hex() if self.key else "",
            self.tshark_mac, "0x" + self.mac_key.hex() if self.mac_key else ""))


def main(dump, pcap, uat):
    lines = [Line(text) for text in subprocess.run([dump, "seal"], capture_output=True, text=True, check=True).stdout.splitlines()]
    known = [line for line in lines if line.cipher and line.mac]
    wrong = [line for line in known if not line.scapy_opens()]
    print("%s scapy opens %u packets of %u pairs of algorithms" % (
        "not ok" if wrong else "ok", len(known), len({(line.encr, line.integ) for line in known})))
    for line in wrong:
        print("    not", line.encr, line.integ, line.esn)
    made = "".join(line.scapy_makes() + "\n" for line in known)
    opened = subprocess.run([dump, "open"], input=made, capture_output=True, text=True, check=False)
    refused = [text for text in opened.stdout.splitlines() if not text.startswith("opened ")]
    good = opened.returncode == 0 and not refused and opened.stdout.count("\n") == len(known)
    print("%s what scapy makes of the same is opened" % ("ok" if good else "not ok"))
    for text in refused:
        print("    " + text)
    print("# scapy has not: %s" % ", ".join(sorted({line.encr if not line.cipher else line.integ for line in lines if line not in known})))
    writer = PcapWriter(pcap, linktype=101)
    with open(uat, "w", encoding="ascii") as f:
        for line in lines:
            if line.tshark_cipher and line.tshark_mac and not line.esn:
                writer.write(IP(src=SOURCE, dst=DESTINATION, proto=50) / Raw(line.packet))
                f.write(line.uat() + "\n")
    writer.close()
    return 0 if good and not wrong else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
