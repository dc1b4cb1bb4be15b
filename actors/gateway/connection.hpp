// One client connection: reads requests, has them answered one after the other, writes the answers. Owns the socket and
// the deadlines; knows nothing of what a request means (dialect) or who carries it out (bridge).
#pragma once

#include "actors/gateway/http_parser.hpp"
#include "actors/gateway/io_thread.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>

namespace burrow {

class connection final : public std::enable_shared_from_this<connection>, private parser_host {
public:
  connection(io_thread& home, tcp_socket socket, bool admin);
  ~connection() override;

  void start();
  /// Called by the sweep: ends what is past its deadline, and notices clients that are gone.
  void check(steady_time now);
  void close();
  void close_if_idle();
  /// The bridge ended: what it had under way is unknown.
  void bridge_lost();

private:
  template <class T>
  using task = net::awaitable<T, io_executor>;
  using error_code = boost::system::error_code;
  enum class phase : std::uint8_t { idle, head, body, busy, writing };

  body_rule body_limit(const http_request& head) override;
  bool charge(std::size_t bytes) override;
  void uncharge();

  task<void> run();
  task<bool> read_request();
  task<bool> read_some();
  void make_room();
  void shrink();
  task<void> refuse(problem_type type);
  task<void> linger();
  /// False: there is nobody to answer.
  task<bool> answer();
  task<bool> ask_dialect();
  /// Asks how large the body may be whose head was read. False: it is refused, or there is nobody to answer.
  task<bool> ask_limit();
  task<void> ask_elsewhere();
  [[nodiscard]] bool answer_here();
  /// False if it could not be written whole.
  task<bool> write_answer();
  task<bool> write_all(std::array<net::const_buffer, 2> parts);
  void write_head(std::string& out, bool keep) const;
  void tell_answered(double seconds, std::size_t bytes_out) const;
  void set_deadline(phase now, duration from_now);

  void watch_client();
  void client_gone();
  [[nodiscard]] bool peer_closed();

  io_thread& home_;
  tcp_socket socket_;
  const bool admin_;
  http_arena arena_;
  http_request request_;
  std::optional<http_parser> parser_;
  http_response answer_;
  std::string_view route_ = "none";
  call_ptr call_;
  std::vector<char> buffer_;
  std::size_t from_ = 0, to_ = 0; ///< what of buffer_ is read and not used up
  std::string out_, client_;
  steady_time deadline_{}, began_{}, body_until_{};
  std::size_t charged_ = 0, written_ = 0;
  phase phase_ = phase::idle;
  bool keep_ = true, timed_out_ = false, watching_ = false, data_ahead_ = false, closed_ = false;
  bool gone_ = false; ///< the client: there is nobody to answer
};

} // namespace burrow
