/* Very many clients lose their server at the same instant: how do they come back? */
#ifndef STORM_H
#define STORM_H

#include <stdint.h>

/* Prints a table. Returns the number of promises that are broken; *promises becomes how many there
 * are. */
unsigned storm(uint32_t clients, unsigned *promises);

#endif
