#include "node/admin_api.hpp"

#include "cluster/base/assert.hpp"
#include "node/admin_json.hpp"
#include "node/admin_routes.hpp"
#include "node/shard_questions.hpp"
#include "node/text.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;

constexpr std::uint32_t accounts_page_max = 1000;

std::string_view method_text(http_method m) {
  switch (m) {
    case http_method::get: return "GET";
    case http_method::post: return "POST";
    case http_method::delete_: return "DELETE";
    default: return "";
  }
}

} // namespace

admin_api::handler admin_api::handler_of(std::string_view operation) {
  static const std::map<std::string_view, handler> all{
    {"document", &admin_api::document},
    {"status", &admin_api::status},
    {"config", &admin_api::config},
    {"usage", &admin_api::usage},
    {"doctor", &admin_api::doctor},
    {"load", &admin_api::load},
    {"backup", &admin_api::backup_state},
    {"backupCreate", &admin_api::backup_create},
    {"backupCancel", &admin_api::backup_cancel},
    {"members", &admin_api::members},
    {"shards", &admin_api::shards},
    {"events", &admin_api::events},
    {"order", &admin_api::order},
    {"leave", &admin_api::leave},
  };
  const auto found = all.find(operation);
  return found == all.end() ? nullptr : found->second;
}

admin_api::admin_api(caf::actor_system& system, caf::actor supervisor, std::vector<caf::actor> shards,
                     admin_facts facts)
  : system_(system), supervisor_(std::move(supervisor)), shards_(std::move(shards)), facts_(std::move(facts)),
    last_asked_(facts_.started) {
  const auto& s = facts_.with.values;
  backup_options backup;
  backup.data = s.data;
  backup.store = facts_.store;
  backup.node = s.node;
  backup.identity = facts_.identity;
  backup.bytes_per_s = s.backup_rate;
  backup.reserve = s.disk_low;
  backup.audit = facts_.audit;
  backup.metrics = facts_.metrics;
  backup_ = std::make_unique<backup_task>(std::move(backup));
  if (!facts_.source) return;
  facts_.source->hand_to([this](std::string asked, look_source::answer told) {
    const bool taken = for_others_.add([this, asked = std::move(asked), told] { told(show_self(asked)); });
    if (!taken) told({});
  });
}

admin_api::~admin_api() { stop(); }

void admin_api::stop() {
  if (facts_.source) facts_.source->hand_to(nullptr);
  own_.stop();
  for_others_.stop();
  backup_.reset();
  supervisor_ = nullptr;
  shards_.clear();
  facts_.placement = facts_.router = facts_.look_desk = nullptr;
}

void admin_api::handle(const http_request& request, std::function<void(http_response)> done) {
  job made;
  made.method = request.method == http_method::head ? http_method::get : request.method;
  made.path = request.path;
  made.query = request.query;
  made.content_type = request.field("content-type");
  made.body = request.body;
  made.client = request.client;
  made.request_id = request.request_id;
  const auto path = made.path, request_id = made.request_id;
  if (own_.add([this, made = std::move(made), done] { done(answer(made)); })) return;
  done(admin_problem(problem_type::overloaded, "Ask again a little later.", path, request_id));
}

http_response admin_api::answer(const job& what) {
  std::string allowed;
  for (const auto& op : admin_operations()) {
    if (op.path != what.path) continue;
    if (op.method == what.method) {
      const auto found = handler_of(op.id);
      BURROW_ASSERT(found != nullptr);
      return (this->*found)(what);
    }
    allowed += fmt::format("{}{}{}", allowed.empty() ? "" : ", ", method_text(op.method),
                           op.method == http_method::get ? ", HEAD" : "");
  }
  if (allowed.empty())
    return trouble(what, problem_type::not_found, "No such resource below /admin/v1.");
  auto out = trouble(what, problem_type::method_not_allowed, "Only " + allowed + ".");
  out.fields.emplace_back("Allow", allowed);
  return out;
}

http_response admin_api::trouble(const job& what, problem_type type, std::string_view why, json members) {
  return admin_problem(type, why, what.path, what.request_id, std::move(members));
}

http_response admin_api::document(const job&) {
  http_response out;
  out.fields.emplace_back("Content-Type", "application/json");
  out.body = admin_document();
  return out;
}

http_response admin_api::config(const job&) {
  json out = json::array();
  const auto table = settings_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    out.push_back({{"key", table[i].key}, {"value", value_of(table[i], facts_.with.values)},
                   {"source", facts_.with.sources[i]}});
  }
  return json_response(200, out);
}

http_response admin_api::usage(const job& what) {
  const auto account = query_value(what.query, "account");
  const auto page = account.empty()
                      ? ask_usage(system_, reach(), query_value(what.query, "after"), accounts_page_max)
                      : ask_usage_of(system_, reach(), account);
  json list = json::array();
  for (const auto& [name, u] : page.accounts)
    list.push_back({{"account", name}, {"queues", u.queues}, {"messages", u.messages}, {"bytes", u.bytes}});
  if (!account.empty() && list.empty() && page.exact)
    return trouble(what, problem_type::account_not_found, "It holds no queue.");
  const json next = page.next.empty() ? json() : json(page.next);
  return json_response(200, {{"accounts", std::move(list)}, {"exact", page.exact}, {"next", next}});
}

// ---- backup -----------------------------------------------------------------------------------------------------

http_response admin_api::backup_state(const job&) { return json_response(200, backup_->status()); }

std::vector<std::uint16_t> admin_api::out_of_service() {
  std::vector<std::uint16_t> out;
  const auto known = ask_status(system_, supervisor_);
  if (!known) return out;
  for (const auto& s : known->shards)
    if (s.replica.damaged || s.replica.quarantined) out.push_back(s.shard.value);
  return out;
}

/// A page in a browser can send a form to any address without asking; it cannot send this type.
bool admin_api::is_json(const job& what) { return std::string_view(what.content_type).starts_with("application/json"); }

http_response admin_api::not_json(const job& what) {
  return trouble(what, problem_type::unsupported_media_type, "Send application/json.");
}

http_response admin_api::backup_create(const job& what) {
  if (!is_json(what)) return not_json(what);
  // A follower may lack what was acknowledged, and not every shard need be here: it would be no copy of anything.
  const auto seen = facts_.placement ? picture() : std::nullopt;
  if (facts_.placement && (!seen || seen->view.nodes.size() > 1))
    return trouble(what, problem_type::cluster_member, "What one member has is not all that the cluster acknowledged. "
                   "A backup of a whole cluster is not there yet.");
  const auto body = json::parse(what.body, nullptr, false);
  if (!body.is_object() || body.size() != 1 || !body.contains("directory") || !body["directory"].is_string())
    return trouble(what, problem_type::invalid_directory, "{\"directory\": \"/absolute/path\"} is what it takes.");
  const std::string directory = body["directory"];
  if (directory.find('\0') != std::string::npos || directory.size() > 4000)
    return trouble(what, problem_type::invalid_directory, "No such path can be.");
  const auto begun = backup_->start({directory, what.client, what.request_id, out_of_service()});
  if (begun) return json_response(202, backup_->status());
  const auto& why = begun.error();
  const bool failed = why == errc::io_failed || why == errc::sync_failed;
  if (why != errc::busy)
    static_cast<void>(facts_.audit->write({"backup-create", what.client, failed ? "failed" : "refused",
                                           what.request_id, {{"directory", directory}, {"why", why.context}}}));
  if (why == errc::busy)
    return trouble(what, problem_type::backup_running, "One at a time.");
  return trouble(what, why == errc::no_space ? problem_type::no_room : failed ? problem_type::backup_failed
                                                                              : problem_type::invalid_directory,
                 why.context);
}

http_response admin_api::backup_cancel(const job& what) {
  backup_->cancel(what.client, what.request_id);
  return json_response(202, backup_->status());
}

} // namespace burrow
