// One socket to another node: TLS if there is a context, the greetings, then frames both ways. Knows what a stream is;
// which streams a peer has and when they are dialed again is the core's.
#pragma once

#include "actors/plane/asio.hpp"
#include "actors/plane/batch.hpp"
#include "actors/plane/bounds.hpp"
#include "actors/plane/outbox.hpp"
#include "actors/plane/wire.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace burrow::plane {

class core;
struct tcp_progress;

class connection final : public std::enable_shared_from_this<connection> {
public:
  /// Accepted.
  connection(core& home, tcp_socket socket);
  /// To be dialed. `meant` is 0 for whoever answers.
  connection(core& home, stream_kind stream, node_id meant);
  ~connection();

  void accept();
  void dial(std::string host, std::uint16_t port);
  /// As dial, of an admit stream: `done` is called once.
  void ask(std::string host, std::uint16_t port, std::string question, std::function<void(result<std::string>)> done);
  /// Writes what waits for this stream.
  void flush();
  /// From the sweep: ends what is past its deadline or takes nothing any more.
  void check(steady_time now);
  /// Ends it; the core hears of it in a later turn of the loop. `quiet`: as intended, so nothing is wrong.
  void close(std::string why, bool quiet = false);
  /// The question of a stranger is answered.
  void answer(std::string text);
  /// The last thing that happens to it.
  void finish();

  [[nodiscard]] const greeting& theirs() const { return theirs_; }
  [[nodiscard]] stream_kind stream() const { return stream_; }
  [[nodiscard]] bool dialed() const { return dialed_; }
  [[nodiscard]] node_id meant() const { return meant_; }
  [[nodiscard]] bool greeted() const { return greeted_; } ///< dialed, and our hello is sent
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool quiet() const { return quiet_; }
  [[nodiscard]] bool stranger() const { return !dialed_ && !open_; }
  [[nodiscard]] bool admission() const { return asked_; } ///< accepted, and its question is being answered
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] steady_time began() const { return began_; }
  [[nodiscard]] outbox::lane_name lane() const { return {theirs_.who.node, stream_}; }

private:
  void spawn(task<void> (connection::*body)());
  task<void> answer_call();
  task<void> call();
  task<bool> connect();
  task<bool> secure();
  task<bool> exchange();
  task<void> serve();
  task<void> read_frames();
  task<void> take_question();
  task<void> put_question();
  /// False: the stream ended, or there is no such frame within the bound.
  task<bool> read_frame(frame_parser::parsed& out);
  task<bool> read_some();
  task<bool> write_now(std::string bytes);
  task<void> refuse(refusal why);
  task<std::optional<greeting>> read_greeting(greeting_step wanted);
  [[nodiscard]] refusal judge_them();
  bool deliver(frame_parser::parsed one);
  void wrote(error_code ec, std::size_t bytes);

  core& home_;
  tcp_socket socket_;
  std::shared_ptr<net::ssl::context> context_;
  std::optional<tls_stream> tls_;
  const bool dialed_;
  stream_kind stream_ = stream_kind::fast;
  const node_id meant_;
  std::string host_, address_;
  std::uint16_t port_ = 0;
  greeting theirs_;
  frame_parser parser_{bounds::hello_bytes_max};
  std::string buffer_;
  std::string_view unread_; ///< in buffer_
  write_batch batch_;
  std::string question_, answer_;
  std::function<void(result<std::string>)> done_;
  std::string why_;
  steady_time began_, deadline_, moved_;
  std::uint64_t acknowledged_ = 0;
  bool greeted_ = false, open_ = false, writing_ = false, closed_ = false, quiet_ = false, asked_ = false;
  bool timed_ = true; ///< deadline_ counts
};

} // namespace burrow::plane
