// What a replica actor keeps of the accounts whose inserts it proposes: which account a tenant has, and what the
// effects of a drain mean for it, gathered so that each account is locked once a drain.
#pragma once

#include "actors/tenant_account.hpp"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace burrow {

class replica_accounts {
public:
  explicit replica_accounts(shard_id shard) : shard_(shard) {}

  /// From now on the account is told what this shard holds of the tenant.
  void know(const tenant_id& tenant, const std::shared_ptr<tenant_account>& account) {
    if (account == last_known_.lock()) return;
    last_known_ = account;
    known_.insert_or_assign(tenant, account);
    if (known_.size() < purge_at_) return;
    // Accounts end with their tenant's supervisor, of which nobody is told here.
    std::erase_if(known_, [](const auto& k) { return k.second.expired(); });
    purge_at_ = std::max<std::size_t>(64, 2 * known_.size());
  }

  void holds(queue::tenant_usage now) {
    const auto found = known_.find(now.tenant);
    if (found == known_.end()) return;
    if (auto account = found->second.lock()) of(std::move(account)).now = std::move(now);
  }
  void done(std::shared_ptr<tenant_account> account, const account_share& share) {
    of(std::move(account)).done.push_back(share);
  }

  /// Before the answers leave: who hears of a deletion finds its room.
  void settle() {
    for (const auto& c : changed_) c.account->settle(shard_, c.done, c.now);
    changed_.clear();
  }

private:
  struct change {
    std::shared_ptr<tenant_account> account;
    std::vector<account_share> done;
    std::optional<queue::tenant_usage> now;
  };
  change& of(std::shared_ptr<tenant_account> account) {
    const auto found = std::ranges::find(changed_, account, &change::account); // a few tenants a drain
    if (found != changed_.end()) return *found;
    changed_.push_back({std::move(account), {}, {}});
    return changed_.back();
  }

  shard_id shard_;
  std::unordered_map<tenant_id, std::weak_ptr<tenant_account>> known_;
  std::weak_ptr<tenant_account> last_known_;
  std::size_t purge_at_ = 64;
  std::vector<change> changed_;
};

} // namespace burrow
