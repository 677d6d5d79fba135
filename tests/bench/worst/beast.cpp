// Boost.Beast under the worst inputs. A request that is larger than 1.5 KiB is read by its HTTP
// parser and then handed to the stream; the program chooses the subprotocol.
#include "../beast_wire.hpp"

#include <memory>

#include "worst.h"

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

namespace {

using stream = websocket::stream<transport<shared_wire>, false>; // without permessage-deflate

struct state {
    boost::asio::io_context context;
    std::unique_ptr<stream> ws;
    beast::flat_buffer buffer;
};

// It does not look at extensions without permessage-deflate.
int can(const input *what) {
    return !what->offers_extensions;
}

const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Sec-WebSocket-Version: 13\r\n\r\n";

std::unique_ptr<stream> make(state &self) {
    std::unique_ptr<stream> ws(new stream(self.context));
    ws->read_message_max(WORST_MESSAGE);
    return ws;
}

void *open_state(const input *what) {
    state *self = new state();
    if (what->is_request)
        return self;
    self->ws = make(*self);
    wire_give(request, sizeof request - 1, sizeof request);
    beast::error_code error;
    self->ws->accept(error);
    if (!error)
        return self;
    delete self;
    return nullptr;
}

void close_state(void *opened) {
    delete static_cast<state *>(opened);
}

// The first of ours that is offered, or empty.
std::string choose(beast::string_view offers) {
    size_t best = SIZE_MAX, rank;
    std::string chosen;
    for (auto offer : http::token_list{offers}) {
        rank = 0;
        for (auto ours : http::token_list{WORST_PROTOCOLS}) {
            if (ours == offer)
                break;
            rank++;
        }
        if (rank < 8 && rank < best) {
            best = rank;
            chosen = std::string(offer);
        }
    }
    return chosen;
}

void accept(state &self, outcome *out) {
    http::request_parser<http::empty_body> parser;
    beast::error_code error;
    std::unique_ptr<stream> ws = make(self);

    parser.header_limit(WORST_HEAD);
    http::read(ws->next_layer(), self.buffer, parser, error);
    if (!error) {
        const auto &got = parser.get();
        const std::string protocol = choose(got[http::field::sec_websocket_protocol]);
        out->messages++;
        out->wrong |= got[WORST_LAST_NAME] != WORST_LAST_VALUE;
        ws->set_option(
            websocket::stream_base::decorator([&protocol](websocket::response_type &response) {
                if (!protocol.empty())
                    response.set(http::field::sec_websocket_protocol, protocol);
            }));
        ws->accept(got, error);
    }
    out->wrong |= bool(error) || self.buffer.size() != 0;
}

void run(void *opened, outcome *out) {
    state &self = *static_cast<state *>(opened);
    if (out->input->is_request) {
        accept(self, out);
        return;
    }
    beast::error_code error;
    self.ws->read(self.buffer, error);
    out->wrong |= bool(error) || !self.ws->got_text();
    worst_message(out, self.buffer.data().data(), self.buffer.size());
    self.buffer.clear();
}

} // namespace

extern "C" const library worst_beast = {"beast", can, open_state, run, close_state};
