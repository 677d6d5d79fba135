// Boost.Beast over a transport in memory: a read hands out one piece of the wire at a time.
#include <cstring>
#include <memory>
#include <string>

#include "../beast_transport.hpp"
#include "purews.h"
#include "speed.h"

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
namespace asio = boost::asio;

namespace {

struct job_wire {
    const uint8_t *bytes = nullptr;
    size_t length = 0, chunk = 0, in_chunk = 0;
    sink *out = nullptr;
    std::string sent, response; // before there is a sink: the opening handshake

    void give(const uint8_t *data, size_t size, size_t piece) {
        bytes = data;
        length = size;
        chunk = piece;
        in_chunk = 0;
    }
    bool next() {
        if (length == 0 && out == nullptr)
            answer();
        if (in_chunk == 0) { // a new read: what the last one gave rise to has gone out
            if (out != nullptr)
                sink_flush(out);
            in_chunk = length < chunk ? length : chunk;
        }
        return in_chunk != 0;
    }
    size_t read(void *buffer, size_t size) {
        const size_t n = size < in_chunk ? size : in_chunk;
        if (n != 0)
            std::memcpy(buffer, bytes, n);
        bytes += n;
        length -= n;
        in_chunk -= n;
        return n;
    }
    // What a server answers to a client's request.
    void answer() {
        static const std::string name = "Sec-WebSocket-Key: ";
        const size_t at = sent.find(name);
        char accept[28];
        if (at == std::string::npos || sent.size() < at + name.size() + 24 ||
            pws_accept_key(accept, {sent.data() + at + name.size(), 24}) != PWS_OK)
            return;
        response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                   std::string(accept, sizeof accept) + "\r\n\r\n";
        sent.clear();
        give(reinterpret_cast<const uint8_t *>(response.data()), response.size(), response.size());
    }
    void write(const void *data, size_t size) {
        if (out != nullptr)
            sink_piece(out, static_cast<const uint8_t *>(data), size);
        else
            sent.append(static_cast<const char *>(data), size);
    }
};

using stream = websocket::stream<transport<job_wire>, false>; // without permessage-deflate

struct state {
    const job *what;
    asio::io_context context;
    std::unique_ptr<stream> ws;
    beast::flat_buffer buffer;
};

const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Sec-WebSocket-Version: 13\r\n\r\n";

int can(const job *) {
    return 1;
}

std::unique_ptr<stream> make(state &self) {
    std::unique_ptr<stream> ws(new stream(self.context));
    ws->auto_fragment(false);
    ws->read_message_max(64u << 20);
    ws->text(self.what->is_text != 0);
    return ws;
}

void *open_state(const job *what) {
    state *self = new state();
    self->what = what;
    if (what->operation == HANDSHAKE)
        return self;
    self->ws = make(*self);
    beast::error_code error;
    if (what->operation == ENCODE_CLIENT) {
        self->ws->handshake("localhost", "/", error);
    } else {
        self->ws->next_layer().wire.give(reinterpret_cast<const uint8_t *>(request),
                                         sizeof request - 1, sizeof request);
        self->ws->accept(error);
    }
    if (error) {
        delete self;
        return nullptr;
    }
    return self;
}

void close_state(void *opened) {
    delete static_cast<state *>(opened);
}

void decode(state &self, sink *out) {
    beast::error_code error;
    for (size_t i = 0; i < self.what->messages; i++) {
        self.ws->read(self.buffer, error);
        if (error) {
            out->wrong = 1;
            return;
        }
        sink_data(out, static_cast<const uint8_t *>(self.buffer.data().data()), self.buffer.size(),
                  1);
        if (self.what->operation == ECHO)
            self.ws->write(self.buffer.data(), error);
        self.buffer.clear();
    }
}

void decode_stream(state &self, sink *out) {
    beast::error_code error;
    for (size_t i = 0; i < self.what->messages;) {
        self.ws->read_some(self.buffer, self.what->chunk, error);
        if (error) {
            out->wrong = 1;
            return;
        }
        const bool last = self.ws->is_message_done();
        sink_data(out, static_cast<const uint8_t *>(self.buffer.data().data()), self.buffer.size(),
                  last);
        self.buffer.clear();
        i += last;
    }
}

void encode(state &self, sink *out) {
    beast::error_code error;
    for (size_t i = 0; i < self.what->messages; i++) {
        self.ws->write(asio::buffer(self.what->message, self.what->payload), error);
        if (error)
            out->wrong = 1;
    }
}

void shake_hands(state &self, sink *out) {
    beast::error_code error;
    for (size_t i = 0; i < self.what->messages; i++) {
        std::unique_ptr<stream> ws = make(self);
        ws->next_layer().wire.give(self.what->wire, self.what->wire_length, self.what->wire_length);
        ws->next_layer().wire.out = out;
        ws->accept(error);
        if (error)
            out->wrong = 1;
        sink_flush(out);
        out->messages++;
    }
}

void run(void *opened, sink *out) {
    state &self = *static_cast<state *>(opened);
    if (self.what->operation == HANDSHAKE) {
        shake_hands(self, out);
        return;
    }
    self.ws->next_layer().wire.give(self.what->wire, self.what->wire_length, self.what->chunk);
    self.ws->next_layer().wire.out = out;
    if (self.what->operation == ENCODE_SERVER || self.what->operation == ENCODE_CLIENT)
        encode(self, out);
    else if (self.what->operation == DECODE_STREAM)
        decode_stream(self, out);
    else
        decode(self, out);
    sink_flush(out);
}

} // namespace

extern "C" const library library_beast = {"beast", can, open_state, run, close_state};
