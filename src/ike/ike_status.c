/* What ike tells people: IKE SAs and counters; and, for root's debugging, the keys of its SAs. */
#include "src/ike/iked.h"

#include <stdio.h>
#include <string.h>

static uint32_t seconds_between(ls_time from, ls_time to)
{
	return from > 0 && to > from && to != LS_NEVER ? (uint32_t)((to - from) / 1000000) : 0;
}

/* How somebody proved who he is; "" when it has not been proven, or is not known any more. */
static const char *method_name(enum ike_auth_method method, enum sign_scheme scheme)
{
	return method == IKE_AUTH_CERT  ? sign_name(scheme)
	       : method == IKE_AUTH_PSK ? "preshared key"
	                                : "";
}

static void sa_status(struct iked *d, uint64_t id, const struct ike_sa_view *v)
{
	ls_time now = clock_now();
	struct msg_status_ike_sa m = {
		.id = id,
		.tunnel = v->tunnel,
		.version = (uint8_t)v->version,
		.spi_i = v->spi_i,
		.spi_r = v->spi_r,
		.initiator = v->initiator,
		.nat_local = v->nat_local,
		.nat_remote = v->nat_remote,
		.fragmentation = v->fragmentation,
		.encr = (uint16_t)v->encr,
		.prf = (uint16_t)v->prf,
		.integ = (uint16_t)v->integ,
		.ke = (uint16_t)v->ke,
		.local = v->local,
		.remote = v->remote,
		.peer_id = iked_identity_out(&v->peer_id),
		.age_s = seconds_between(v->born, now),
		.rekey_in_s = seconds_between(now, v->soft_at),
		.silent_s = seconds_between(v->last_heard, now),
		.children = v->children,
		.ppk = v->ppk,
		.mobike = v->mobike,
		.redirect = v->redirect,
		.redirected_from = v->redirected_from,
	};

	snprintf(m.state, sizeof m.state, "%s", v->state);
	snprintf(m.auth, sizeof m.auth, "%s", method_name(v->auth, v->scheme));
	snprintf(m.peer_auth, sizeof m.peer_auth, "%s", method_name(v->peer_auth, v->peer_scheme));
	if (v->ppk)
		ike_ppk_id_text(&v->ppk_id, m.ppk_id, sizeof m.ppk_id);
	if (v->peer_cert) {
		const struct cert_info *c = v->peer_cert;

		_Static_assert(sizeof m.peer_subject >= sizeof c->subject &&
		                       sizeof m.peer_serial >= sizeof c->serial,
		               "they fit");
		memcpy(m.peer_subject, c->subject, sizeof c->subject);
		memcpy(m.peer_issuer, c->issuer, sizeof c->issuer);
		memcpy(m.peer_serial, c->serial, sizeof c->serial);
		m.peer_not_after = c->not_after > 0 ? (uint64_t)c->not_after : 0;
	}
	IKED_SEND(d, PARENT, status_ike_sa, &m);
}

void iked_status_ask(struct iked *d, const struct msg_status_ask *ask)
{
	struct msg_status_end end = {.id = ask->id, .role = MSG_ROLE_IKE};
	const struct ls_counters *engine = ike_counters(d->ike);
	struct ike_sa_view v;

	for (size_t i = 0; ike_sa_view(d->ike, i, &v); i++)
		if (ask->tunnel == 0 || ask->tunnel == v.tunnel)
			sa_status(d, ask->id, &v);
	for (uint16_t i = 0; ask->tunnel == 0 && i < LS_CAUSE_LIMIT; i++) {
		struct msg_status_counter m = {.id = ask->id,
		                               .role = MSG_ROLE_IKE,
		                               .cause = i,
		                               .count = engine->by_cause[i] +
		                                        d->counters.by_cause[i]};

		if (m.count > 0)
			IKED_SEND(d, PARENT, status_counter, &m);
	}
	IKED_SEND(d, PARENT, status_end, &end);
}

/* The names that Wireshark's ikev2_decryption_table has for algorithms. */
static const char *wireshark_encr(const struct algo *a)
{
	if (!a)
		return "NULL [RFC2410]";
	if (a->aead && strstr(a->name, "gcm"))
		return a->key_bytes == 32   ? "AES-GCM-256 with 16 octet ICV [RFC5282]"
		       : a->key_bytes == 24 ? "AES-GCM-192 with 16 octet ICV [RFC5282]"
		                            : "AES-GCM-128 with 16 octet ICV [RFC5282]";
	if (a->aead)
		return "ChaCha20-Poly1305 [RFC7634]";
	if (a->id == ALGO_TDES)
		return "3DES [RFC2451]";
	return a->key_bytes == 32   ? "AES-CBC-256 [RFC3602]"
	       : a->key_bytes == 24 ? "AES-CBC-192 [RFC3602]"
	                            : "AES-CBC-128 [RFC3602]";
}

static const char *wireshark_integ(const struct algo *a)
{
	if (!a)
		return "NONE [RFC4306]";
	if (strstr(a->name, "256"))
		return "HMAC_SHA2_256_128 [RFC4868]";
	if (strstr(a->name, "384"))
		return "HMAC_SHA2_384_192 [RFC4868]";
	if (strstr(a->name, "512"))
		return "HMAC_SHA2_512_256 [RFC4868]";
	return "HMAC_SHA1_96 [RFC2404]";
}

struct hex {
	char text[2 * 72 + 1];
};

static struct hex hex(struct ls_bytes b)
{
	struct hex h = {.text = ""};

	for (size_t i = 0; i < b.len && 2 * i + 2 < sizeof h.text; i++)
		snprintf(h.text + 2 * i, 3, "%02x", b.p[i]);
	return h;
}

static void sa_keys(struct iked *d, uint64_t id, const struct ike_debug_keys *k)
{
	struct msg_debug_keys m = {.id = id, .kind = MSG_DEBUG_IKE};
	struct hex ei = hex(k->sk_ei), er = hex(k->sk_er), ai = hex(k->sk_ai), ar = hex(k->sk_ar);

	snprintf(m.line, sizeof m.line, "%016llx,%016llx,%s,%s,\"%s\",%s,%s,\"%s\"",
	         (unsigned long long)k->spi_i, (unsigned long long)k->spi_r, ei.text, er.text,
	         wireshark_encr(algo_get(k->encr)), ai.text, ar.text,
	         wireshark_integ(k->integ ? algo_get(k->integ) : NULL));
	IKED_SEND(d, PARENT, debug_keys, &m);
	secret_wipe(&m, sizeof m);
	secret_wipe(&ei, sizeof ei);
	secret_wipe(&er, sizeof er);
	secret_wipe(&ai, sizeof ai);
	secret_wipe(&ar, sizeof ar);
}

void iked_debug_keys_ask(struct iked *d, const struct msg_debug_keys_ask *ask)
{
	struct msg_status_end end = {.id = ask->id, .role = MSG_ROLE_IKE};
	struct ike_debug_keys k;

	for (size_t i = 0; ike_debug_keys(d->ike, i, &k); i++)
		if (k.sk_ei.len > 0 &&
		    (ask->tunnel == 0 || k.tunnel == 0 || k.tunnel == ask->tunnel))
			sa_keys(d, ask->id, &k);
	IKED_SEND(d, PARENT, status_end, &end);
}
