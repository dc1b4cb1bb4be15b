// Requests that the bridge carries out in several steps: lists of an account or of the service and their deletion, and
// takes by meta data. A list asks every shard that may hold a part of it, and is never partial: one error fails it.
#include "actors/gateway/bridge_state.hpp"

namespace burrow {
namespace {

constexpr std::size_t purges_max = 32; ///< under way at a time, for one request

/// One name of a list, of either kind.
struct listed_name {
  queue::queue_summary queue;
  queue::tenant_summary tenant;
};
using name_map = std::map<std::string, listed_name>;

/// What a list or deletion is about.
struct scatter_scope {
  bool tenants = false; ///< names of tenants; else queues of `tenant`
  bool deletes = false;
  tenant_id tenant;
  std::string after, prefix;
  std::uint64_t limit = 0;
  bool include_empty = false;
  bool after_is_marker = false;
};

class scatter final : public bridge_job {
public:
  using done_fn = std::function<void(bridge_state&, std::shared_ptr<operation_result>)>;
  scatter(scatter_scope scope, done_fn done) : scope_(std::move(scope)), done_(std::move(done)) {}

  void begin(bridge_state& bridge) {
    if (scope_.tenants) {
      for (std::uint16_t s = 1; s <= bridge.routing().shards; ++s) shards_.push_back(shard_id{s});
    } else {
      shards_ = placement::shards_of(scope_.tenant, bridge.routing());
    }
    looking_for_marker_ = scope_.after_is_marker && !scope_.after.empty();
    ask_page(bridge);
  }

  void answered(bridge_state& bridge, shard_id, result<queue::answer> outcome) override {
    if (!done_) return;
    if (!outcome.ok()) return fail(bridge, outcome.error());
    merge(outcome.value());
    if (--open_ > 0) return;
    if (std::exchange(looking_for_marker_, false)) {
      // An unknown marker restarts from the beginning (contract section 8).
      if (!page_.contains(scope_.after)) scope_.after.clear();
      return ask_page(bridge);
    }
    page_complete(bridge);
  }

  void completed(bridge_state& bridge, std::shared_ptr<operation_result> outcome) override { purged(bridge, *outcome); }

private:
  void ask_page(bridge_state& bridge) {
    page_.clear();
    bound_.reset();
    more_ = false;
    const bool marker = looking_for_marker_;
    const auto left = scope_.limit - std::min<std::uint64_t>(scope_.limit, done_items_.size() + deleted_);
    const auto limit = marker ? 1U : static_cast<std::uint32_t>(std::min<std::uint64_t>(left, limits::list_items_max));
    page_limit_ = limit;
    const auto& after = marker ? std::string{} : scope_.after;
    const auto& prefix = marker ? scope_.after : scope_.prefix;
    open_ = shards_.size();
    const auto self = shared_from_this();
    for (const auto shard : shards_) {
      if (scope_.tenants) bridge.ask(shard, queue::list_tenants{after, prefix, limit}, self);
      else bridge.ask(shard, queue::list_queues{scope_.tenant, after, prefix, limit, scope_.include_empty}, self);
    }
  }

  void merge(const queue::answer& answer) {
    bool more = false;
    std::string last;
    if (const auto* queues = std::get_if<queue::queues_answer>(&answer)) {
      for (const auto& q : queues->items) page_[q.name].queue = q;
      if (!queues->items.empty()) last = queues->items.back().name;
      more = queues->more;
      now_ = std::max(now_, queues->now);
    } else if (const auto* tenants = std::get_if<queue::tenants_answer>(&answer)) {
      for (const auto& t : tenants->items) {
        auto& sum = page_[t.name].tenant;
        sum.name = t.name;
        sum.queues += t.queues;
        sum.messages += t.messages;
        sum.bytes += t.bytes;
      }
      if (!tenants->items.empty()) last = tenants->items.back().name;
      more = tenants->more;
    }
    more_ = more_ || more;
    // Beyond the last name of a shard that has more, the page is not known.
    if (more && !last.empty() && (!bound_ || last < *bound_)) bound_ = last;
  }

  void page_complete(bridge_state& bridge) {
    if (bound_) {
      page_.erase(page_.upper_bound(*bound_), page_.end());
      more_ = true;
    }
    while (page_.size() > page_limit_) {
      page_.erase(std::prev(page_.end()));
      more_ = true;
    }
    for (auto& [name, item] : page_) {
      scope_.after = name;
      done_items_.push_back(std::move(item));
    }
    if (!scope_.deletes) return succeed(bridge);
    purge_more(bridge);
  }

  /// Deletes what was listed and not yet deleted, then lists on.
  void purge_more(bridge_state& bridge) {
    while (done_ && under_way_ < purges_max && next_purge_ < done_items_.size()) {
      const auto& item = done_items_[next_purge_++];
      ++under_way_;
      if (scope_.tenants) {
        delete_tenant(bridge, item.tenant.name);
      } else {
        auto what = std::make_shared<operation>();
        what->queue = {scope_.tenant, item.queue.name};
        what->what = queue::purge{};
        bridge.send(std::move(what), shared_from_this());
      }
    }
    if (!done_ || under_way_ > 0) return;
    // Deletion without items in the answer has no bound: what is deleted is only counted.
    if (done_items_.size() > limits::list_items_max) {
      deleted_ += done_items_.size() - 1;
      done_items_.erase(done_items_.begin(), done_items_.end() - 1);
      next_purge_ = 1;
    }
    if (more_ && done_items_.size() + deleted_ < scope_.limit) return ask_page(bridge);
    succeed(bridge);
  }

  void delete_tenant(bridge_state& bridge, const tenant_id& tenant) {
    scatter_scope scope;
    scope.deletes = true;
    scope.tenant = tenant;
    scope.limit = UINT32_MAX;
    auto self = std::static_pointer_cast<scatter>(shared_from_this());
    auto child = std::make_shared<scatter>(
      std::move(scope), [self](bridge_state& b, const std::shared_ptr<operation_result>& r) { self->purged(b, *r); });
    child->begin(bridge);
  }

  void purged(bridge_state& bridge, const operation_result& outcome) {
    --under_way_;
    if (!done_) return;
    if (const auto* why = outcome.failed()) return fail(bridge, *why);
    purge_more(bridge);
  }

  void fail(bridge_state& bridge, const error& why) {
    // A queue that went meanwhile is deleted.
    std::exchange(done_, nullptr)(bridge, failed_result(why));
  }

  void succeed(bridge_state& bridge) {
    auto out = std::make_shared<operation_result>();
    const bool more = more_ && scope_.limit <= limits::list_items_max;
    if (scope_.tenants) {
      queue::tenants_answer answer{{}, more};
      for (auto& i : done_items_) answer.items.push_back(std::move(i.tenant));
      out->what = std::move(answer);
    } else {
      queue::queues_answer answer{{}, more, now_};
      for (auto& i : done_items_) answer.items.push_back(std::move(i.queue));
      out->what = std::move(answer);
    }
    std::exchange(done_, nullptr)(bridge, std::move(out));
  }

  scatter_scope scope_;
  done_fn done_; ///< null once it was called
  std::vector<shard_id> shards_;
  name_map page_;
  std::vector<listed_name> done_items_;
  std::optional<std::string> bound_;
  std::size_t open_ = 0, page_limit_ = 0, next_purge_ = 0, under_way_ = 0;
  std::uint64_t deleted_ = 0;
  instant now_;
  bool more_ = false, looking_for_marker_ = false;
};

scatter_scope scope_of(const operation& what) {
  scatter_scope out;
  const auto queues = [&](const queue::list_queues& q) {
    out.tenant = q.tenant;
    out.after = q.after;
    out.prefix = q.prefix;
    out.limit = q.limit;
    out.include_empty = q.include_empty;
  };
  const auto tenants = [&](const queue::list_tenants& t) {
    out.tenants = true;
    out.after = t.after;
    out.prefix = t.prefix;
    out.limit = t.limit;
  };
  if (const auto* q = std::get_if<queue::list_queues>(&what.what)) queues(*q);
  else if (const auto* d = std::get_if<delete_queues>(&what.what)) queues(d->which), out.deletes = true;
  else if (const auto* t = std::get_if<queue::list_tenants>(&what.what)) tenants(*t);
  else tenants(std::get<delete_tenants>(what.what).which), out.deletes = true;
  return out;
}

/// Looks for the places that match, then takes just these. What another took in between is not taken.
class take_by_meta final : public bridge_job {
public:
  explicit take_by_meta(call_ptr owner) : owner_(std::move(owner)) {}

  void begin(bridge_state& bridge) {
    const auto& given = *owner_->made.what;
    const auto& take = std::get<queue::take>(given.what);
    queue::list_messages list;
    list.limit = std::min<std::uint32_t>(take.limit, limits::list_items_max);
    list.match_hidden = take.match_hidden;
    list.taking = take.action;
    list.order = take.order;
    list.from = take.from;
    list.match_meta = owner_->made.match_meta;
    list.examine_max = limits::meta_scan_messages_max;
    list.idempotency_key = take.idempotency_key;
    auto what = std::make_shared<operation>();
    what->queue = given.queue;
    what->wait = given.wait;
    what->client = given.client;
    what->what = std::move(list);
    bridge.send(std::move(what), shared_from_this());
  }

  void completed(bridge_state& bridge, std::shared_ptr<operation_result> outcome) override {
    auto* found = std::get_if<queue::messages_answer>(&outcome->what);
    if (found != nullptr && found->remembered) return take(bridge, *found);
    if (found != nullptr && !found->items.empty()) {
      last_ = found->last;
      last_priority_ = found->last_priority;
      more_ = found->more;
      return take(bridge, *found);
    }
    if (found != nullptr) {
      queue::take_reply reply;
      reply.last = found->last;
      reply.last_priority = found->last_priority;
      reply.lifo = found->lifo;
      reply.by_priority = found->by_priority;
      reply.problem = found->problem;
      reply.more = found->more;
      reply.queue_exists = found->queue_exists;
      reply.now = found->now;
      outcome->what = std::move(reply);
    } else if (auto* reply = std::get_if<queue::take_reply>(&outcome->what); reply != nullptr && !reply->replayed) {
      // A cursor of this call stands where the search stopped.
      reply->last = last_;
      reply->last_priority = last_priority_;
      reply->more = more_;
    }
    bridge.finish(owner_, std::move(outcome));
  }

private:
  void take(bridge_state& bridge, const queue::messages_answer& found) {
    auto what = std::make_shared<operation>(*owner_->made.what);
    auto& take = std::get<queue::take>(what->what);
    take.only.clear();
    for (const auto& m : found.items) take.only.push_back(m.place);
    // Should what is remembered go meanwhile, nothing is taken: no message has this place.
    if (found.remembered) take.only.push_back({});
    take.from = {};
    what->wait = duration{0};
    what->in_steps = false;
    bridge.send(std::move(what), shared_from_this());
  }

  call_ptr owner_;
  burrow::place last_;
  std::uint8_t last_priority_ = 0;
  bool more_ = false;
};

} // namespace

void start_scatter(bridge_state& bridge, call_ptr what) {
  auto scope = scope_of(*what->made.what);
  scope.after_is_marker = what->made.after_is_marker;
  std::make_shared<scatter>(std::move(scope), [what](bridge_state& b, std::shared_ptr<operation_result> outcome) {
    b.finish(what, std::move(outcome));
  })->begin(bridge);
}

void start_take_by_meta(bridge_state& bridge, call_ptr what) {
  std::make_shared<take_by_meta>(std::move(what))->begin(bridge);
}

} // namespace burrow
