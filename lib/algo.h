/* The one table of algorithms: numbers for IKEv1 and IKEv2, sizes, gates. */
#ifndef LIB_ALGO_H
#define LIB_ALGO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an algorithm is for; the values are IKEv2's transform types (RFC 7296 3.3.2). */
enum algo_kind { ALGO_KIND_ENCR = 1, ALGO_KIND_PRF = 2, ALGO_KIND_INTEG = 3, ALGO_KIND_KE = 4 };

/* Who may use it without being named (standards: RFC 8221, 8247). */
enum algo_gate {
	ALGO_DEFAULT, /* in the built-in proposals */
	ALGO_ON,      /* by name, without warning */
	ALGO_LEGACY,  /* only when a config line names it as legacy, warned about */
};

/* How it works. */
enum algo_mode {
	ALGO_MODE_NONE, /* KE */
	ALGO_MODE_GCM,
	ALGO_MODE_CCM,
	ALGO_MODE_CHACHA,
	ALGO_MODE_GMAC, /* GCM that authenticates and does not encrypt: ENCR for ESP, INTEG for AH
	                   (RFC 4543) */
	ALGO_MODE_CBC,
	ALGO_MODE_CTR,
	ALGO_MODE_NULL,
	ALGO_MODE_HMAC,
	ALGO_MODE_XCBC,
	ALGO_MODE_CMAC,
};

/* Which protocols an ENCR or INTEG row may serve; bits. */
enum { ALGO_FOR_IKE = 1, ALGO_FOR_ESP = 2, ALGO_FOR_AH = 4 };

/* Our own stable ids (they go over IPC and into snapshots): ALGO_<NAME>, numbers in lib/algo.def.
 */
enum algo_id {
	ALGO_NONE = 0,
#define ALGO(number, NAME, ...) ALGO_##NAME = number,
#include "lib/algo.def"
#undef ALGO
};

/*
 * One row. Key length is a part of the algorithm here (aes128-gcm and aes256-gcm are two rows), so
 * that names, sizes and preferences need no second number.
 */
struct algo {
	enum algo_id id;
	const char *name; /* config name, such as "aes256-gcm" */
	enum algo_kind kind;
	enum algo_gate gate;
	uint16_t ikev2;         /* transform id */
	uint16_t ikev1_phase1;  /* 0 = none */
	uint16_t ikev1_phase2;  /* ESP transform or authentication attribute; 0 = none */
	uint16_t key_attribute; /* bits of the Key Length attribute on the wire, 0 = the attribute
	                           is forbidden */
	uint16_t key_bytes;  /* key without salt; PRF: preferred key and output length; KE: shared
	                        secret length */
	uint8_t salt_bytes;  /* part of the keying material after the key */
	uint8_t iv_bytes;    /* on the wire in each packet; 0 with an AEAD: made of the sequence
	                        number (RFC 8750) */
	uint8_t block_bytes; /* plaintext with padding and trailer is a multiple of this (and of 4)
	                      */
	uint16_t icv_bytes;  /* AEAD or INTEG: on the wire; KE: public value's length */
	bool aead;
	const char *evp; /* OpenSSL 3 fetch name (cipher, digest or group) */
	enum algo_mode mode;
	uint16_t strength; /* bits of security of the key; 0 = none */
	uint8_t serves;    /* ALGO_FOR_..., of ENCR and INTEG */
};

/* The row of an id; NULL for ALGO_NONE and unknown numbers. */
const struct algo *algo_get(unsigned id);
/* By config name, NULL if there is none of that kind. */
const struct algo *algo_by_name(enum algo_kind kind, const char *name);
/* By IKEv2 transform id and Key Length attribute (0 = absent), NULL if unknown or the attribute
 * does not fit (RFC 7296 3.3.5). */
const struct algo *algo_by_ikev2(enum algo_kind kind, uint16_t transform, uint16_t key_attribute);
/* All rows, *count of them, in order of preference within each kind. */
const struct algo *algo_all(size_t *count);

#endif
