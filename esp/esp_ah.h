/* AH (RFC 4302): its header put before a payload and taken off, with the ICV over the whole packet.
 */
#ifndef ESP_ESP_AH_H
#define ESP_ESP_AH_H

#include "esp/esp_sad.h"

/* What goes before the payload of a job: fills in *o; CAUSE_NONE or AH_OUTER. */
enum ls_cause esp_ah_plan(const struct esp_sa *sa, const struct esp_seal_job *job,
                          struct esp_outer *o);
/* Bytes of the AH header of this SA over that family. */
size_t esp_ah_bytes(const struct esp_sa *sa, uint8_t family);
/*
 * Writes IP header, AH and ICV around a payload of len bytes that stands behind their place in
 * job->dst, under the SA's number `sequence`. next_header: what the payload is. Sets dst_len;
 * false where the library failed.
 */
bool esp_ah_seal(const struct esp_worker *w, const struct esp_sa *sa, struct esp_seal_job *job,
                 const struct esp_outer *o, uint64_t sequence, uint8_t next_header, size_t len);
/* Verifies the packet of a job and takes off its headers; sets all that it gives. */
enum ls_cause esp_ah_open(struct esp_worker *w, struct esp_open_job *job, ls_time now);

#endif
