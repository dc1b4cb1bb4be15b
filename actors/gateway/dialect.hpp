// The dialect contract. A dialect is a pure pair: request → operation (or an answer at once), and result → response.
// It opens nothing, waits for nothing and knows no actor, so every rule of an API is tested by calling a function.
// One instance a thread: it may keep scratch space, but nothing that outlives a call decides anything.
#pragma once

#include "actors/gateway/http.hpp"
#include "actors/gateway/problem.hpp"
#include "actors/operation.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace burrow {

/// What the answer needs to know of the request besides the operation; the dialect's own.
struct dialect_context {
  virtual ~dialect_context() = default;
};

/// Members of a dead-letter rule, as bits.
enum rule_member : std::uint8_t { rule_queue = 1, rule_max_claims = 2, rule_expired = 4 };

/// What a request means: an answer, or an operation to carry out.
struct plan {
  std::optional<http_response> answer;
  std::shared_ptr<operation> what;
  std::unique_ptr<dialect_context> context;
  /// list_queues, list_tenants and their deletions: `after` names an item that must be there, else from the start.
  bool after_is_marker = false;
  /// take: only messages with all of these; they are looked for before anything is taken.
  std::vector<std::pair<std::string, std::string>> match_meta;
  /// configure: members of its dead-letter rule (rule_member) that it leaves as the queue has them. If the queue has no
  /// rule to take them from the outcome is errc::invalid_settings.
  std::uint8_t rule_kept = 0;
  std::string_view route = "none"; ///< for metrics: one of a small fixed set (gateway_metrics.hpp)
  bool streams = false; ///< the answer goes on: after finish(), events() of one outcome after the other
};

/// A piece of an answer that goes on.
struct event_page {
  std::string text;
  std::size_t events = 0;
  bool last = false; ///< nothing follows
};

/// How much body a request may bring, and what it is to bring more.
struct body_rule {
  std::size_t bytes_max = 0;
  problem_type over = problem_type::request_too_large;
  std::size_t asked_max = 0; ///< if larger: so much may be let in once ask_body_limit() was answered
};

class dialect {
public:
  virtual ~dialect() = default;
  /// Known as soon as the head is read, before any of the body is.
  [[nodiscard]] virtual body_rule body_limit(const http_request& head) const = 0;
  /// What to ask when a body is over `bytes_max` and not over `asked_max`. Without an operation: it is too large.
  [[nodiscard]] virtual plan ask_body_limit(const http_request& head) const = 0;
  /// The bound that the answer names. Errors: why there was none.
  [[nodiscard]] virtual result<std::size_t> body_limit_by(const operation_result& answer) const = 0;
  /// May move the body out of the request; the views in it stay good until finish() returns.
  [[nodiscard]] virtual plan begin(http_request& request) const = 0;
  [[nodiscard]] virtual http_response finish(const http_request& request, const plan& made,
                                             operation_result& outcome) const = 0;
  /// What an outcome adds to a stream. Puts the operation that follows into `made`, without a wait.
  [[nodiscard]] virtual event_page events(const http_request& request, plan& made, operation_result& outcome) const = 0;
};

} // namespace burrow
