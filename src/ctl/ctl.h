/* l2tpsecctl: what its files share. */
#ifndef SRC_CTL_CTL_H
#define SRC_CTL_CTL_H

#include "src/base/control.h"

#include <jansson.h>
#include <stdbool.h>

enum { CTL_DONE = 0, CTL_FAILED = 1, CTL_MISUSED = 2 };

/* Something that is looked after while answers are awaited. Signals that are blocked come then. */
struct ctl_beside {
	void *owner;
	int fd; /* has something to be read; -1: none */
	/* Something may be there, or a signal has come: gives for how many ms not to look again
	 * (-1: until something comes); *enough ends the command as done. */
	int (*look)(struct ctl_beside *, bool *enough);
};

struct ctl_options {
	const char *socket;
	bool json;   /* objects as they come, one a line */
	bool follow; /* events: go on */
	bool all;    /* status: SAs and history of all tunnels */
	bool no_wait;
	bool verbose;              /* trace: what the payloads say */
	const char *pcap;          /* trace: the file that packets go into; NULL: none do */
	struct ctl_beside *beside; /* NULL: nothing is */
	void *context;             /* of `show` */
};

/* Asks the daemon and gives each object but the last to show (NULL: none). Gives the exit status,
 * with *message (cap bytes) from the end. */
int ctl_ask(const struct ctl_options *o, const struct control_request *r,
            void (*show)(const struct ctl_options *, json_t *), char *message, size_t cap);

/* ctl_show.c: objects for people, by type */
void ctl_show(const struct ctl_options *o, json_t *object);
/* Control characters in the texts of a value become '?': what a peer calls itself must not steer
 * the terminal, whatever the daemon let through. */
void ctl_printable(json_t *value);
/* A list of tunnels begins: its head line is shown before the first. */
void ctl_show_list(bool list);

/* ctl_pcap.c: trace with a capture and the keys that open it; gives the exit status. */
int ctl_pcap(const struct ctl_options *o, const char *tunnel);

/* ctl_doctor.c: what this host lacks; gives the exit status. */
int ctl_doctor(const struct ctl_options *o);

/* ctl_pki.c: certificates for gateways; words and word are those from "pki" on. */
int ctl_pki(const struct ctl_options *o, int words, char **word);

#endif
