// The native API (burrow-v1.md sections 2 to 9, 11 and 15 to 17): parameters and status codes. Redrive, tasks, limits,
// Idempotency-Key and producers are not in this version: their paths are 404 and their fields are not read.
#pragma once

#include "actors/gateway/dialect.hpp"
#include "actors/gateway/gateway_actor.hpp"
#include "actors/gateway/parameters.hpp"
#include "actors/gateway/seal.hpp"

#include <array>

namespace burrow {

/// What of gateway_options the dialect goes by.
struct native_options {
  std::string zone;
  std::vector<seal_key> seal_keys;
  queue::defaults defaults;
  bool single_node = true;
  bool public_metrics = false;
};

/// An entry of a batch that is refused before the operation.
struct refused_entry {
  std::size_t index = 0;
  problem_type type = problem_type::invalid_parameter;
};

struct native_context : dialect_context {
  detail_level detail = detail_level::none;
  bool is_list = false;      ///< the answer is an array; else one message
  bool is_batch = false;     ///< ~messages as JSON, ~ack, ~extend
  bool is_claim = false;     ///< receipts are shown
  bool is_change = false;    ///< Burrow-Durability, Burrow-Count
  bool empty_is_ok = false;
  bool lifo = false;
  bool atomic = false;
  std::optional<std::string> cursor; ///< as given
  bool with_sources = false;         ///< settings: where each value comes from
  std::size_t entries = 0;           ///< of a batch, refused ones included
  std::optional<std::uint64_t> events_left; ///< of a stream with a limit
  std::vector<refused_entry> refused;
};

class native_dialect final : public dialect {
public:
  explicit native_dialect(native_options options);
  [[nodiscard]] body_rule body_limit(const http_request& head) const override;
  [[nodiscard]] plan ask_body_limit(const http_request& head) const override;
  [[nodiscard]] result<std::size_t> body_limit_by(const operation_result& answer) const override;
  [[nodiscard]] plan begin(http_request& request) const override;
  [[nodiscard]] http_response finish(const http_request& request, const plan& made,
                                     operation_result& outcome) const override;
  [[nodiscard]] event_page events(const http_request& request, plan& made, operation_result& outcome) const override;

private:
  struct target_path;

  [[nodiscard]] plan begin_anywhere(http_request& request) const;
  [[nodiscard]] plan begin_at(http_request& request, const target_path& at) const;
  [[nodiscard]] plan list_names(const http_request& request, const target_path& at) const;
  [[nodiscard]] plan stream(const http_request& request, const queue_ref& queue) const;
  [[nodiscard]] plan on_queue(const http_request& request, const queue_ref& queue) const;
  /// `lifo`: the direction that is asked for; nothing = the queue knows, and compares.
  [[nodiscard]] std::optional<problem> start_from(const queue_ref& queue, const parameters& given,
                                                  std::optional<bool> lifo, queue::position& from) const;
  [[nodiscard]] std::shared_ptr<operation> take_of(const http_request& request, const queue_ref& queue,
                                                   const parameters& given, detail_level detail) const;
  [[nodiscard]] plan on_message(http_request& request, const queue_ref& queue, std::string id) const;
  [[nodiscard]] plan put(http_request& request, const queue_ref& queue, std::string id) const;
  [[nodiscard]] std::optional<problem> attributes_of(const http_request& request, const parameters& given,
                                                     queue::message_attributes& out) const;
  [[nodiscard]] plan messages(http_request& request, const queue_ref& queue) const;
  [[nodiscard]] plan by_receipts(const http_request& request, const queue_ref& queue, bool extend) const;
  [[nodiscard]] http_response service_document(const http_request& request, const target_path& at) const;
  [[nodiscard]] plan stats(const http_request& request, const queue_ref& queue) const;
  [[nodiscard]] plan settings(const http_request& request, const queue_ref& queue) const;
  [[nodiscard]] queue::condition settings_guard(const http_request& request) const;
  [[nodiscard]] std::optional<problem> guard_of(const http_request& request, const queue_ref& queue,
                                                const parameters& given, queue::condition& out) const;

  [[nodiscard]] http_response listed(const http_request& request, const plan& made, operation_result& outcome) const;
  [[nodiscard]] http_response named(const http_request& request, const plan& made,
                                    const operation_result& outcome) const;
  [[nodiscard]] http_response one(const http_request& request, const plan& made, operation_result& outcome) const;
  [[nodiscard]] http_response shown(const http_request& request, const plan& made, const queue::message* item,
                                    instant now, std::string_view body) const;
  [[nodiscard]] http_response inserted(const http_request& request, const plan& made,
                                       const queue::insert_reply& reply) const;
  [[nodiscard]] http_response acknowledged(const plan& made, const queue::targets_reply& reply) const;
  [[nodiscard]] http_response settings_shown(const http_request& request, const plan& made,
                                             const operation_result& outcome) const;
  void change_fields(http_response& out) const;

  native_options options_;
  std::string settings_tag_; ///< part of every ETag of settings: what the server's own defaults are
  sealer sealer_;
  struct document {
    std::string text, etag;
  };
  mutable std::array<document, 2> documents_; ///< /openapi.json without and with /metrics; empty until asked for
};

/// Whether a Content-Type says application/json, with or without parameters.
[[nodiscard]] bool is_json(std::string_view content_type);

} // namespace burrow
