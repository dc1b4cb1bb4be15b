// The parts of Asio that the plane uses, with one concrete executor as in the gateway.
#pragma once

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <chrono>

namespace burrow::plane {

namespace net = boost::asio;
using io_executor = net::io_context::executor_type;
using error_code = boost::system::error_code;
using tcp_socket = net::basic_stream_socket<net::ip::tcp, io_executor>;
using tcp_acceptor = net::basic_socket_acceptor<net::ip::tcp, io_executor>;
using tls_stream = net::ssl::stream<tcp_socket&>;
using steady_clock = std::chrono::steady_clock;
using steady_time = steady_clock::time_point;
using steady_timer = net::basic_waitable_timer<steady_clock, net::wait_traits<steady_clock>, io_executor>;
template <class T>
using task = net::awaitable<T, io_executor>;

} // namespace burrow::plane
