// Boost.Beast with blocking reads: the buffer for messages is shared by all connections, and no
// asynchronous operation waits on any, which would take more.
#include "../beast_wire.hpp"

#include "memory.h"

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace {

boost::asio::io_context *context;
beast::flat_buffer *buffer;

template <bool deflate> struct connections {
    using stream = websocket::stream<transport<shared_wire>, deflate>;

    static stream **all;

    static const char *begin(size_t count) {
        all = static_cast<stream **>(memory_handles(count, sizeof *all));
        context = new boost::asio::io_context();
        buffer = new beast::flat_buffer();
        return nullptr;
    }

    static void configure(websocket::stream<transport<shared_wire>, false> &) {
    }
    static void configure(websocket::stream<transport<shared_wire>, true> &ws) {
        websocket::permessage_deflate wish;
        wish.server_enable = true;
        wish.server_no_context_takeover = true;
        wish.client_no_context_takeover = true;
        ws.set_option(wish);
    }

    static int open(size_t i) {
        beast::error_code error;
        all[i] = new stream(*context);
        configure(*all[i]);
        all[i]->auto_fragment(false);
        all[i]->text(true);
        all[i]->accept(error);
        return !error;
    }

    static int echo(size_t i) {
        beast::error_code error;
        all[i]->read(*buffer, error);
        if (!error)
            all[i]->write(buffer->data(), error);
        buffer->clear();
        return !error;
    }
};

template <bool deflate> typename connections<deflate>::stream **connections<deflate>::all;

using plain = connections<false>;
using deflated = connections<true>;

} // namespace

const peer peers[] = {{"beast", 1, 0, plain::begin, plain::open, plain::echo},
                      {"beast-deflate", 1, 1, deflated::begin, deflated::open, deflated::echo},
                      {nullptr, 0, 0, nullptr, nullptr, nullptr}};
