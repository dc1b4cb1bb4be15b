// /admin/v1 on the admin listener: what an operator may ask and order, as JSON (README.md has the list). One thread of
// its own answers, one request at a time, since each is a round of questions to the actors; nobody else waits for it.
// Never shows a secret. Orders are written to the audit log.
#pragma once

#include "actors/gateway/gateway_actor.hpp"
#include "actors/messages.hpp"
#include "actors/placement_actor.hpp"
#include "node/backup_task.hpp"
#include "node/data_directory.hpp"
#include "node/shard_questions.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

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
  caf::actor placement{}, router{}; ///< null: a lone node
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

private:
  struct job {
    http_method method = http_method::get;
    std::string path, query, content_type, body, client, request_id;
    std::function<void(http_response)> done;
  };
  struct route;
  static const std::vector<route>& routes();
  void run();
  http_response answer(const job& what);
  http_response status(const job& what);
  http_response config(const job& what);
  http_response usage(const job& what);
  http_response doctor(const job& what);
  http_response backup_state(const job& what);
  http_response backup_create(const job& what);
  http_response backup_cancel(const job& what);
  // admin_cluster.cpp
  http_response members(const job& what);
  http_response shards(const job& what);
  http_response events(const job& what);
  http_response order(const job& what);
  http_response ordered(const job& what, const std::string& action, operator_request ask,
                        const std::vector<placement::node_entry>& nodes);
  http_response no_answer(const job& what);
  [[nodiscard]] static bool is_json(const job& what);
  static http_response not_json(const job& what);
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
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace burrow
