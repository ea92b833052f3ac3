/* The packets of IKE, ESP and AH on all interfaces of this host, into a file. */
#ifndef SRC_CTL_CTL_CAPTURE_H
#define SRC_CTL_CTL_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

enum { CTL_CAPTURE_ERROR_MAX = 700 };

struct ctl_capture {
	struct pcap *pcap;
	struct pcap_dumper *dump;
	int fd; /* has something to be taken */
	unsigned long packets, missed;
	char error[CTL_CAPTURE_ERROR_MAX]; /* of the last call that gave false */
};

/* Begins, into a new file for its owner alone; false: there is one, or it may not be. */
bool ctl_capture_begin(struct ctl_capture *c, const char *file);
/* Writes what there is; does not wait. false: it could not be written. */
bool ctl_capture_take(struct ctl_capture *c);
/* Takes the rest, counts what was missed, and closes; nothing where none has begun. */
void ctl_capture_end(struct ctl_capture *c);

#endif
