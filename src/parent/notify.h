/* Word to the service manager that started us (sd_notify(3)'s protocol). */
#ifndef SRC_PARENT_NOTIFY_H
#define SRC_PARENT_NOTIFY_H

/*
 * Sends one datagram, such as "READY=1", to the socket that NOTIFY_SOCKET names. Does nothing where
 * no service manager asked for it; what cannot be sent is not sent, since nothing here depends on
 * it.
 */
void notify_service(const char *text);

#endif
