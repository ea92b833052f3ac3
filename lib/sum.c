/* The Internet checksum over packet bytes: a portable routine and one for AVX2. */
#include "lib/sum.h"

#include "lib/wire.h"

#include <string.h>

/* Words are loaded in host order; one's complement sums do not care, so only the result is turned
 * round (RFC 1071 2 B). */
static uint64_t sum_words(const uint8_t *p, size_t len)
{
	uint64_t a = 0, b = 0;

	for (; len >= 16; p += 16, len -= 16) {
		uint32_t w[4];

		memcpy(w, p, sizeof w);
		a += (uint64_t)w[0] + w[1];
		b += (uint64_t)w[2] + w[3];
	}
	for (; len >= 4; p += 4, len -= 4) {
		uint32_t w;

		memcpy(&w, p, sizeof w);
		a += w;
	}
	if (len > 0) {
		uint8_t last[4] = {0};

		for (size_t i = 0; i < len; i++)
			last[i] = p[i];
		uint32_t w;
		memcpy(&w, last, sizeof w);
		b += w;
	}
	return a + b;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* 64 bytes a turn: even and odd 32-bit words gather in 64-bit lanes that cannot overflow within a
 * packet. */
__attribute__((target("avx2"))) static uint64_t sum_words_avx2(const uint8_t *p, size_t len)
{
	const __m256i low = _mm256_set1_epi64x(0xffffffff);
	__m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;

	for (; len >= 64; p += 64, len -= 64) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)p);
		__m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

		a = _mm256_add_epi64(a, _mm256_and_si256(x, low));
		b = _mm256_add_epi64(b, _mm256_srli_epi64(x, 32));
		c = _mm256_add_epi64(c, _mm256_and_si256(y, low));
		d = _mm256_add_epi64(d, _mm256_srli_epi64(y, 32));
	}
	uint64_t lane[4];
	_mm256_storeu_si256((__m256i *)(void *)lane,
	                    _mm256_add_epi64(_mm256_add_epi64(a, b), _mm256_add_epi64(c, d)));
	return lane[0] + lane[1] + lane[2] + lane[3] + sum_words(p, len);
}
#endif

static uint16_t to_network(uint16_t v)
{
	uint8_t b[2];

	memcpy(b, &v, sizeof b);
	return ls_get16(b);
}

uint64_t ls_sum_bytes(const uint8_t *bytes, size_t len)
{
#if defined(__x86_64__)
	if (len >= 128 && __builtin_cpu_supports("avx2"))
		return to_network(ls_sum_fold(sum_words_avx2(bytes, len)));
#endif
	return to_network(ls_sum_fold(sum_words(bytes, len)));
}

uint64_t ls_sum_pseudo(const uint8_t *ip, unsigned version, uint8_t protocol, size_t len)
{
	uint64_t sum = version == 4 ? ls_sum_bytes(ip + 12, 8) : ls_sum_bytes(ip + 8, 32);

	return sum + protocol + (len >> 16) + (len & 0xffff);
}

void ls_sum_ip4_set(uint8_t *ip, size_t len)
{
	ls_put16(ip + 10, 0);
	ls_put16(ip + 10, (uint16_t)~ls_sum_fold(ls_sum_bytes(ip, len)));
}

bool ls_sum_ip4_right(const uint8_t *ip, size_t len)
{
	return ls_sum_fold(ls_sum_bytes(ip, len)) == 0xffff;
}

void ls_sum_patch16(uint8_t *at, uint16_t before, uint16_t after)
{
	uint32_t sum = (uint16_t)~ls_get16(at);

	sum += (uint16_t)~before;
	sum += after;
	ls_put16(at, (uint16_t)~ls_sum_fold(sum));
}
