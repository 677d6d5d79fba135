/* The names that a fragment of C in the documentation may use without declaring them. */
#include "prelude.h"

extern pws_config config;
extern pws_conn ws;
extern pws_event ev;
extern pws_bytes in;
extern pws_random randomness;
extern pws_request request;
extern pws_response response;
extern pws_head head;
extern pws_rate rate;
extern pws_queue queue;
extern pws_str value;
extern uint8_t buffer[4096];
extern char text[256];
extern size_t length;
extern int32_t error;
extern uint64_t now;
extern int fd;

void fragment(void);
