"""The known answers of esp/esp_kat.def, computed by pycryptodome (Camellia by python-cryptography): kat.py lib/algo.def > esp/esp_kat.def"""
import hashlib
import hmac
import re
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from Cryptodome.Cipher import AES, DES, DES3, ChaCha20_Poly1305
from Cryptodome.Hash import CMAC

KEYMAT = bytes((i * 7 + 1) & 255 for i in range(160))
HEADER = bytes.fromhex("0102030400000007")
SEQUENCE = struct.pack("!Q", 0x100000007)  # with ESN
AAD = HEADER[:4] + SEQUENCE
TEXT = bytes((i * 5 + 3) & 255 for i in range(32))
HASHES = {"SHA256": hashlib.sha256, "SHA384": hashlib.sha384, "SHA512": hashlib.sha512, "SHA1": hashlib.sha1, "MD5": hashlib.md5}
HEAD = """/*
 * Known answers: what each row of lib/algo.def that serves ESP makes of the packet of esp_kat.c. Computed apart from our libraries, by
 * pycryptodome, but Camellia by OpenSSL: tests/witness/kat.py.
 *
 * KAT(row, text as sent, ICV)
 */"""


def xor(*strings):
    return bytes(a ^ b for a, b in zip(strings[0], strings[1])) if len(strings) == 2 else xor(xor(*strings[:2]), strings[2])


def block(key, text):
    return AES.new(key, AES.MODE_ECB).encrypt(text)


def xcbc(key, message):
    """RFC 3566 4."""
    first, second, third = (block(key, bytes([i]) * 16) for i in (1, 2, 3))
    blocks = [message[i : i + 16] for i in range(0, len(message), 16)]
    last, over = blocks[-1], second
    if len(last) < 16:
        last, over = (last + b"\x80" + bytes(16))[:16], third
    chain = bytes(16)
    for b in blocks[:-1]:
        chain = block(first, xor(chain, b))
    return block(first, xor(chain, last, over))


def mac(name, key, message):
    if name in HASHES:
        return hmac.new(key, message, HASHES[name]).digest()
    return xcbc(key, message) if name == "AESXCBC" else CMAC.new(key, msg=message, ciphermod=AES).digest()


def aead(mode, key, nonce, icv, iv):
    if mode == "CHACHA":
        cipher = ChaCha20_Poly1305.new(key=key, nonce=nonce)
    else:
        cipher = AES.new(key, AES.MODE_CCM if mode == "CCM" else AES.MODE_GCM, nonce=nonce, mac_len=icv)
    if mode == "GMAC":
        cipher.update(AAD + iv + TEXT)
        return TEXT, cipher.digest()
    cipher.update(AAD)
    return cipher.encrypt_and_digest(TEXT)


def cbc(name, key, iv):
    if name.startswith("CAMELLIA"):
        encryptor = Cipher(algorithms.Camellia(key), modes.CBC(iv)).encryptor()
        return encryptor.update(TEXT) + encryptor.finalize()
    module = {"TDES": DES3, "DES": DES}.get(name, AES)
    return module.new(key, module.MODE_CBC, iv=iv).encrypt(TEXT)


def encr(name, mode, is_aead, sizes):
    key_bytes, salt_bytes, iv_bytes, _, icv_bytes = sizes
    key, salt = KEYMAT[:key_bytes], KEYMAT[key_bytes : key_bytes + salt_bytes]
    iv = bytes(0xC0 + i for i in range(iv_bytes))
    if is_aead:
        return aead(mode, key, salt + (iv or SEQUENCE), icv_bytes, iv)
    if mode == "CTR":
        text = AES.new(key, AES.MODE_CTR, nonce=salt + iv, initial_value=1).encrypt(TEXT)
    else:
        text = TEXT if mode == "NULL" else cbc(name, key, iv)
    at = key_bytes + salt_bytes
    return text, mac("SHA256", KEYMAT[at : at + 32], HEADER + iv + text + SEQUENCE[:4])[:16]


def main(path):
    print(HEAD)
    with open(path, encoding="ascii") as f:
        rows = [re.split(r", *", m.group(1)) for m in map(re.compile(r"ALGO\((.*)\)$").match, f) if m]
    for row in rows:
        name, kind, mode = row[1], row[3], row[16].replace("ALGO_MODE_", "")
        sizes = [int(n) for n in row[9:14]]
        if "ALGO_FOR_ESP" not in row[18] or kind not in ("ALGO_KIND_ENCR", "ALGO_KIND_INTEG"):
            continue
        if kind == "ALGO_KIND_ENCR":
            text, icv = encr(name, mode, row[14] == "true", sizes)
        else:
            text, icv = TEXT, mac(name, KEYMAT[: sizes[0]], HEADER + TEXT + SEQUENCE[:4])[: sizes[4]]
        print('KAT(%s, "%s",\n    "%s")' % (name, text.hex(), icv.hex()))


if __name__ == "__main__":
    main(*sys.argv[1:])
