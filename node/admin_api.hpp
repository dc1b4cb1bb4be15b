// /admin/v1 on the admin listener: what an operator may ask and order, as JSON (admin_routes.cpp has the list). One
// thread answers, one request at a time, since each is a round of questions to the actors; nobody else waits for it.
// Another one says to other nodes how this one is: it asks none of them, so two nodes never wait for each other.
// Never shows a secret. Orders are written to the audit log.
#pragma once

#include "actors/gateway/gateway_actor.hpp"
#include "actors/gateway/problem.hpp"
#include "actors/look_desk.hpp"
#include "actors/messages.hpp"
#include "actors/placement_actor.hpp"
#include "node/backup_task.hpp"
#include "node/data_directory.hpp"
#include "node/doctor.hpp"
#include "node/shard_questions.hpp"
#include "node/worker.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <set>

namespace burrow {

struct admin_facts {
  loaded_settings with;
  codec::node_record identity;
  std::shared_ptr<rocks_store> store;
  std::chrono::steady_clock::time_point started;
  std::shared_ptr<prometheus::Registry> registry;
  std::shared_ptr<accepted_loss> loss;
  std::shared_ptr<audit_log> audit;
  std::shared_ptr<node_metrics> metrics;
  placement::node_entry self;
  // Of a member of a cluster; null: a lone node.
  caf::actor placement{}, router{}, look_desk{};
  std::shared_ptr<look_source> source{};
  std::function<std::set<node_id>()> linked{};
};

class admin_api {
public:
  admin_api(caf::actor_system& system, caf::actor supervisor, std::vector<caf::actor> shards, admin_facts facts);
  ~admin_api();
  admin_api(const admin_api&) = delete;
  admin_api& operator=(const admin_api&) = delete;

  /// `done` is called once, from the thread of this or from the caller's. Over requests_max waiting ones: 503.
  void handle(const http_request& request, std::function<void(http_response)> done);
  /// Answers what waits and ends the thread.
  void stop();
  static constexpr std::size_t requests_max = 64;
  /// Whether there is a function for this operation of admin_operations().
  [[nodiscard]] static bool serves(std::string_view operation) { return handler_of(operation) != nullptr; }

private:
  struct job {
    http_method method = http_method::get;
    std::string path, query, content_type, body, client, request_id;
  };
  using handler = http_response (admin_api::*)(const job&);
  [[nodiscard]] static handler handler_of(std::string_view operation);
  http_response answer(const job& what);
  http_response document(const job& what);
  http_response status(const job& what);
  http_response config(const job& what);
  http_response usage(const job& what);
  http_response backup_state(const job& what);
  http_response backup_create(const job& what);
  http_response backup_cancel(const job& what);
  // admin_doctor.cpp
  http_response doctor(const job& what);
  [[nodiscard]] std::optional<std::vector<finding>> own_findings();
  // admin_load.cpp
  http_response load(const job& what);
  [[nodiscard]] nlohmann::ordered_json own_load();
  // admin_nodes.cpp
  [[nodiscard]] std::string show_self(const std::string& what);
  [[nodiscard]] std::map<node_id, node_shown> ask_nodes(const std::vector<node_id>& nodes, const std::string& what);
  [[nodiscard]] static std::vector<node_id> answering(const cluster_picture& seen);
  http_response leave(const job& what);
  // admin_cluster.cpp
  http_response members(const job& what);
  http_response shards(const job& what);
  http_response events(const job& what);
  http_response order(const job& what);
  http_response ordered(const job& what, const std::string& action, operator_request ask,
                        const std::vector<placement::node_entry>& nodes);
  static http_response no_answer(const job& what);
  [[nodiscard]] static bool is_json(const job& what);
  static http_response not_json(const job& what);
  static http_response trouble(const job& what, problem_type type, std::string_view why,
                               nlohmann::ordered_json members = nlohmann::ordered_json::object());
  [[nodiscard]] std::optional<cluster_picture> picture();
  void describe_cluster(nlohmann::ordered_json& out);
  [[nodiscard]] shard_reach reach() const { return {shards_, facts_.router}; }
  [[nodiscard]] std::vector<std::uint16_t> out_of_service();

  caf::actor_system& system_;
  caf::actor supervisor_;
  std::vector<caf::actor> shards_;
  admin_facts facts_;
  std::unique_ptr<backup_task> backup_;
  std::uint64_t last_commands_ = 0;
  std::chrono::steady_clock::time_point last_asked_;
  worker own_{requests_max}, for_others_{requests_max};
};

} // namespace burrow
