// The wire of wire.h, which all connections of a program share, as a transport of Boost.Beast.
#ifndef BEAST_WIRE_HPP
#define BEAST_WIRE_HPP

#include "beast_transport.hpp"
#include "wire.h"

struct shared_wire {
    bool next() {
        return wire.in_piece != 0 || wire_next();
    }
    size_t read(void *buffer, size_t length) {
        return wire_read(buffer, length);
    }
    void write(const void *bytes, size_t length) {
        wire_write(bytes, length);
    }
};

#endif
