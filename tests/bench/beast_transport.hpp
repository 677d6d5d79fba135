// A wire as a blocking transport of Boost.Beast (SyncReadStream, SyncWriteStream): a read hands out
// one piece at a time.
#ifndef BEAST_TRANSPORT_HPP
#define BEAST_TRANSPORT_HPP

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

// Wire has next, which begins a read if none is under way and returns whether there is one; read,
// which takes bytes of it and returns how many; and write.
template <class Wire> struct transport {
    using executor_type = boost::asio::io_context::executor_type;

    boost::asio::io_context &context;
    Wire wire;

    explicit transport(boost::asio::io_context &io) : context(io) {
    }
    executor_type get_executor() {
        return context.get_executor();
    }

    template <class Buffers>
    size_t read_some(const Buffers &buffers, boost::beast::error_code &error) {
        error = {};
        if (!wire.next()) {
            error = boost::asio::error::eof;
            return 0;
        }
        size_t total = 0;
        for (auto at = boost::asio::buffer_sequence_begin(buffers);
             at != boost::asio::buffer_sequence_end(buffers); ++at) {
            boost::asio::mutable_buffer buffer = *at;
            total += wire.read(buffer.data(), buffer.size());
        }
        return total;
    }
    template <class Buffers> size_t read_some(const Buffers &buffers) {
        boost::beast::error_code error;
        return read_some(buffers, error);
    }
    template <class Buffers>
    size_t write_some(const Buffers &buffers, boost::beast::error_code &error) {
        error = {};
        size_t total = 0;
        for (auto at = boost::asio::buffer_sequence_begin(buffers);
             at != boost::asio::buffer_sequence_end(buffers); ++at) {
            boost::asio::const_buffer buffer = *at;
            wire.write(buffer.data(), buffer.size());
            total += buffer.size();
        }
        return total;
    }
    template <class Buffers> size_t write_some(const Buffers &buffers) {
        boost::beast::error_code error;
        return write_some(buffers, error);
    }
};

template <class Wire>
void teardown(boost::beast::role_type, transport<Wire> &, boost::beast::error_code &error) {
    error = {};
}

namespace boost {
namespace beast {
template <class Wire, class Handler>
void async_teardown(role_type, ::transport<Wire> &, Handler &&) {
}
} // namespace beast
} // namespace boost

#endif
