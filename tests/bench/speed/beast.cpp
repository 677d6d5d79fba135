// Boost.Beast over a transport in memory: a read hands out one piece of the wire at a time.
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include <cstring>
#include <memory>
#include <string>

#include "speed.h"

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
namespace asio = boost::asio;

namespace {

// A blocking transport (SyncReadStream, SyncWriteStream).
struct transport {
    using executor_type = asio::io_context::executor_type;

    asio::io_context &context;
    const uint8_t *bytes = nullptr;
    size_t length = 0, chunk = 0, in_chunk = 0;
    sink *out = nullptr;
    std::string reply; // of the handshake, where there is no sink

    explicit transport(asio::io_context &io) : context(io) {
    }
    executor_type get_executor() {
        return context.get_executor();
    }

    void give(const uint8_t *data, size_t size, size_t piece) {
        bytes = data;
        length = size;
        chunk = piece;
        in_chunk = 0;
    }

    template <class Buffers> size_t read_some(const Buffers &buffers, beast::error_code &error) {
        error = {};
        if (length == 0) {
            error = asio::error::eof;
            return 0;
        }
        if (in_chunk == 0) { // a new read: what the last one gave rise to has gone out
            if (out != nullptr)
                sink_flush(out);
            in_chunk = length < chunk ? length : chunk;
        }
        const size_t n = asio::buffer_copy(buffers, asio::buffer(bytes, in_chunk));
        bytes += n;
        length -= n;
        in_chunk -= n;
        return n;
    }
    template <class Buffers> size_t read_some(const Buffers &buffers) {
        beast::error_code error;
        return read_some(buffers, error);
    }
    template <class Buffers> size_t write_some(const Buffers &buffers, beast::error_code &error) {
        size_t n = 0;
        error = {};
        for (auto at = asio::buffer_sequence_begin(buffers);
             at != asio::buffer_sequence_end(buffers); ++at) {
            asio::const_buffer piece = *at;
            if (out != nullptr)
                sink_piece(out, static_cast<const uint8_t *>(piece.data()), piece.size());
            else
                reply.append(static_cast<const char *>(piece.data()), piece.size());
            n += piece.size();
        }
        return n;
    }
    template <class Buffers> size_t write_some(const Buffers &buffers) {
        beast::error_code error;
        return write_some(buffers, error);
    }
};

void teardown(beast::role_type, transport &, beast::error_code &error) {
    error = {};
}

} // namespace

namespace boost {
namespace beast {
template <class Handler> void async_teardown(role_type, ::transport &, Handler &&) {
}
} // namespace beast
} // namespace boost

namespace {

using stream = websocket::stream<transport, false>; // without permessage-deflate

struct state {
    const job *what;
    asio::io_context context;
    std::unique_ptr<stream> ws;
    beast::flat_buffer buffer;
};

const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Sec-WebSocket-Version: 13\r\n\r\n";

int can(const job *what) {
    return what->operation != ENCODE_CLIENT;
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
    self->ws->next_layer().give(reinterpret_cast<const uint8_t *>(request), sizeof request - 1,
                                sizeof request);
    beast::error_code error;
    self->ws->accept(error);
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
        ws->next_layer().give(self.what->wire, self.what->wire_length, self.what->wire_length);
        ws->next_layer().out = out;
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
    self.ws->next_layer().give(self.what->wire, self.what->wire_length, self.what->chunk);
    self.ws->next_layer().out = out;
    if (self.what->operation == ENCODE_SERVER)
        encode(self, out);
    else if (self.what->operation == DECODE_STREAM)
        decode_stream(self, out);
    else
        decode(self, out);
    sink_flush(out);
}

} // namespace

extern "C" const library library_beast = {"beast", can, open_state, run, close_state};
