/* What the reference programs do with a connection, whichever end of it they are. */
#ifndef ECHO_H
#define ECHO_H

#include "outside.h"

/* Memory for one connection with messages of up to 4 KiB. */
extern uint8_t echo_work[PWS_WORK_SIZE(4096)];

/* The settings of both: limits of messages and time; where ECHO_CODEC is defined, compression. */
void echo_config(pws_config *config, uint32_t role);
/* Waits, tells the time, and reads. Returns 0 at the end. */
int echo_read(pws_conn *ws, pws_bytes *in);
/* Sends messages back, and writes. */
void echo_event(pws_conn *ws, const pws_event *ev);

#endif
