// What the commands that talk to a node share: a client for the endpoint, answers turned into errors and exit codes,
// queue names into paths, lists into the asked-for output.
#pragma once

#include "node/cli.hpp"
#include "node/http_client.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace burrow {

using cli_json = nlohmann::ordered_json;

class cli_client {
public:
  /// Prints the error itself; nothing then, and `code()` says which exit code.
  static std::optional<cli_client> make(const cli_context& context, int& code);

  /// The answer if its status is below 400 or in `also`; else the error is printed and code is set.
  std::optional<http_reply> call(std::string_view method, const std::string& target, std::string_view body = {},
                                 const http_client::fields& fields = {}, double extra_s = 0);
  /// 404 is no error here: it means that nothing is there.
  void allow_404() { allow_404_ = true; }
  [[nodiscard]] int code() const { return code_; }

private:
  cli_client(http_client client, double timeout_s) : client_(std::move(client)), timeout_s_(timeout_s) {}
  http_client client_;
  double timeout_s_;
  bool allow_404_ = false;
  int code_ = exit_done;
};

/// ACCOUNT/QUEUE as a path below /v1.0. Nothing (after an error on stderr) if it is no such name.
std::optional<std::string> queue_path(const std::string& name);
/// The answer's body as JSON; nothing (after an error on stderr) if it is none.
std::optional<cli_json> parse_answer(const http_reply& reply);
/// A member as text; `-` if it is none.
[[nodiscard]] std::string text_of(const cli_json& from, const char* key);
[[nodiscard]] std::string number_of(const cli_json& from, const char* key);
/// An answer of /admin/v1 that holds a list under `key`; nothing after an error. Warns if it is not complete.
[[nodiscard]] std::optional<cli_json> ask_list(cli_client& client, const std::string& path, const char* key);
/// A list as JSON or JSON lines; false = a table is wanted.
bool print_json_list(const cli_context& context, const cli_json& list);

} // namespace burrow
