/* l2tpsecctl pki: what it says. */
#ifndef SRC_CTL_CTL_PKI_H
#define SRC_CTL_CTL_PKI_H

#include "src/ctl/ctl.h"
#include "src/pki/pki.h"

/* A CA was made. */
void ctl_pki_made(const struct ctl_options *o, const struct pki_ca *ca, int64_t now_s);
/* A certificate was issued or renewed: its files, and what to write at its gateway. */
void ctl_pki_issued(const struct ctl_options *o, const struct pki_ca *ca, const struct pki_row *row,
                    int64_t now_s);
/* The list was signed anew; revoked: so many just now. */
void ctl_pki_listed(const struct ctl_options *o, const struct pki_ca *ca, size_t revoked,
                    int64_t now_s);
/* The CA and all that it issued. */
void ctl_pki_table(const struct ctl_options *o, const struct pki_ca *ca, int64_t now_s);
/* What a certificate says; row: what the database knows of it, or NULL. */
void ctl_pki_details(const struct ctl_options *o, const struct x509_st *cert, const char *file,
                     const struct pki_ca *ca, const struct pki_row *row, int64_t now_s);

#endif
