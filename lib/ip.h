/* Offsets and bits of the IP, TCP and UDP headers that engines and packet path read and patch (RFC
 * 791, 8200, 9293, 768). */
#ifndef LIB_IP_H
#define LIB_IP_H

/* What follows a header. */
enum {
	IP_IN_IP = 4,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_DCCP = 33,
	IP6_IN_IP = 41,
	IP_ESP = 50,
	IP_AH = 51,
	IP_NONE = 59, /* in ESP a dummy packet (RFC 4303 2.6) */
	IP_SCTP = 132,
	IP_UDPLITE = 136
};
enum {
	IP4_SIZE = 20,
	IP4_TOS = 1,
	IP4_LEN = 2,
	IP4_ID = 4,
	IP4_FRAGMENT = 6,
	IP4_TTL = 8,
	IP4_PROTOCOL = 9,
	IP4_SUM = 10,
	IP4_FROM = 12,
	IP4_TO = 16
};
enum { IP4_DONT_FRAGMENT = 0x4000, IP4_MORE_AND_OFFSET = 0x3fff };
enum { IP6_SIZE = 40, IP6_LEN = 4, IP6_NEXT = 6, IP6_HOPS = 7, IP6_FROM = 8, IP6_TO = 24 };
enum {
	TCP_SIZE = 20,
	TCP_SEQUENCE = 4,
	TCP_ACK = 8,
	TCP_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_WINDOW = 14,
	TCP_SUM = 16,
	TCP_URGENT = 18
};
enum {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACKED = 16,
	TCP_URG = 32,
	TCP_ECE = 64,
	TCP_CWR = 128
};
enum { TCP_OPTION_END = 0, TCP_OPTION_NOP = 1, TCP_OPTION_MSS = 2 };
enum { UDP_SIZE = 8, UDP_LEN = 4, UDP_SUM = 6 };

#endif
