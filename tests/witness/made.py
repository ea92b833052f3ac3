"""Runs beside the branch's daemon: made.py CTL RUN-A RUN-B LAN. Sends ESP of scapy's in the branch's place and looks whether it
reaches the LAN of the head office, by tcpdump's text in the file LAN."""
import sys
import time

from espkit import Daemon, Sender
from scapy.layers.inet import ICMP, IP, UDP
from scapy.packet import Raw

GUEST, HOST = "10.71.0.99", "10.72.0.2"  # a host of the branch that only scapy knows, and one that is there
SIZES = (0, 1, 2, 3, 13, 14, 15, 16, 100, 1200)


def said(path, text):
    with open(path, encoding="latin-1") as f:
        return f.read().count(text)


def reaches(path, text, number):
    for _ in range(40):
        if said(path, text) >= number:
            break
        time.sleep(0.05)
    return said(path, text)


def main(ctl, run_a, run_b, lan):
    head = Daemon(ctl, run_b, "branch")
    sender = Sender(Daemon(ctl, run_a, "hq"))
    drops = head.drops()
    failed = 0

    def check(what, got, wanted):
        nonlocal failed
        failed += got != wanted
        print("%s %s" % ("ok" if got == wanted else "not ok", what))
        if got != wanted:
            print("got %s, wanted %s" % (got, wanted))

    # In steps of one and with gaps, as after losses; of every length within a block.
    for i in range(20):
        inner = IP(src=GUEST, dst=HOST) / ICMP(type=8, id=7, seq=i) / Raw(b"made-by-scapy" + bytes(i))
        sender.send(sender.seal(sender.wrap(inner)))
        sender.number += i % 3
    check("echo requests made by scapy reach the LAN", reaches(lan, "ICMP echo request, id 7,", 20), 20)
    check("they are answered", reaches(lan, "ICMP echo reply, id 7,", 20), 20)
    for size in SIZES:
        sender.send(sender.seal(sender.wrap(IP(src=GUEST, dst=HOST) / UDP(sport=7, dport=9) / Raw(b"x" * size))))
    check("UDP of each size arrives", [reaches(lan, "UDP, length %u\n" % size, 1) for size in SIZES], [1] * len(SIZES))
    check("nothing is dropped", head.dropped_since(drops, {}), {})
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
