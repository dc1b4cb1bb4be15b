// Where messages move to is another queue's business, too: the bridge says on which shard that queue lies, and follows
// a dead-letter rule from queue to queue before it is set. Whoever changes two rules at once may still form a loop;
// the machine ends that at the message.
#include "actors/gateway/bridge_state.hpp"

#include <algorithm>

namespace burrow {
namespace {

constexpr unsigned changes_max = 8; ///< tries to change what another changes at the same time

queue::configure* with_rule(operation& what) {
  auto* const change = std::get_if<queue::configure>(&what.what);
  return change != nullptr && change->to.values.rules.dead_letter ? change : nullptr;
}

/// Reads the queue's own settings if the rule is given in part, then those of each queue that it leads to,
/// and then sets it.
class set_rule final : public bridge_job {
public:
  explicit set_rule(call_ptr owner) : owner_(std::move(owner)) {}

  void begin(bridge_state& bridge) {
    auto what = std::make_shared<operation>(*owner_->made.what);
    change_ = with_rule(*what);
    what_ = std::move(what);
    chain_.clear();
    if (owner_->made.rule_kept != 0) read(bridge, what_->queue.queue, step::own);
    else follow(bridge, rule().queue);
  }

  void completed(bridge_state& bridge, std::shared_ptr<operation_result> outcome) override {
    if (const auto* answer = std::get_if<queue::settings_answer>(&outcome->what)) {
      const auto& next = answer->value.rules.dead_letter;
      if (step_ == step::own) return complete(bridge, *answer);
      if (step_ == step::chain) return next ? follow(bridge, next->queue) : change(bridge);
    }
    const auto* reply = std::get_if<queue::settings_reply>(&outcome->what);
    const bool overtaken = own_guard_ && reply != nullptr && reply->problem == errc::etag_mismatch;
    if (!overtaken) return bridge.finish(owner_, std::move(outcome));
    if (++tries_ < changes_max) return begin(bridge);
    fail(bridge, errc::busy);
  }

private:
  enum class step : std::uint8_t { own, chain, change };

  [[nodiscard]] queue::dead_letter_rule& rule() { return *change_->to.values.rules.dead_letter; }

  void read(bridge_state& bridge, const std::string& queue, step for_what) {
    step_ = for_what;
    auto question = std::make_shared<operation>();
    question->queue = {what_->queue.tenant, queue};
    question->what = queue::get_settings{};
    bridge.send(std::move(question), shared_from_this());
  }

  /// Takes from the rule that the queue has what the new one leaves out, and sees to it that it is still that rule when
  /// it is replaced.
  void complete(bridge_state& bridge, const queue::settings_answer& own) {
    const auto kept = owner_->made.rule_kept;
    const auto& old = own.value.rules.dead_letter;
    if (!old && (kept & (rule_queue | rule_max_claims)) != 0) return fail(bridge, errc::invalid_settings);
    if (old && (kept & rule_queue) != 0) rule().queue = old->queue;
    if (old && (kept & rule_max_claims) != 0) rule().max_claims = old->max_claims;
    if (old && (kept & rule_expired) != 0) rule().expired = old->expired;
    auto& guard = change_->guard.if_match;
    own_guard_ = guard.empty();
    if (!own_guard_ && std::find(guard.begin(), guard.end(), own.revision) == guard.end())
      return fail(bridge, {errc::etag_mismatch, "The settings were changed by another."});
    guard = {own.revision};
    follow(bridge, rule().queue);
  }

  void follow(bridge_state& bridge, const std::string& next) {
    chain_.push_back(next);
    if (next == what_->queue.queue) return loop(bridge, "Messages would come back: ");
    if (chain_.size() > limits::dead_letter_hops_max) return loop(bridge, "Messages would pass too many queues: ");
    read(bridge, next, step::chain);
  }

  void change(bridge_state& bridge) {
    step_ = step::change;
    rule().shard = placement::shard_of({what_->queue.tenant, rule().queue}, bridge.routing());
    bridge.send(what_, shared_from_this());
  }

  void loop(bridge_state& bridge, std::string text) {
    text += what_->queue.queue;
    for (const auto& name : chain_) text += " -> " + name;
    fail(bridge, {errc::dead_letter_loop, text + "."});
  }
  void fail(bridge_state& bridge, error why) { bridge.finish(owner_, failed_result(std::move(why))); }

  call_ptr owner_;
  std::shared_ptr<operation> what_;    ///< of this try
  queue::configure* change_ = nullptr; ///< in what_
  std::vector<std::string> chain_;     ///< the target, and where its messages would go on to
  unsigned tries_ = 0;
  step step_ = step::own;
  bool own_guard_ = false; ///< the change depends on a revision that the client did not name
};

} // namespace

bool start_set_rule(bridge_state& bridge, const call_ptr& what) {
  if (with_rule(*what->made.what) == nullptr) return false;
  std::make_shared<set_rule>(what)->begin(bridge);
  return true;
}

void place_target(operation& what, const placement::routing& how) {
  auto* const move = std::get_if<queue::redrive>(&what.what);
  if (move != nullptr && move->to) move->to_shard = placement::shard_of({what.queue.tenant, *move->to}, how);
}

} // namespace burrow
