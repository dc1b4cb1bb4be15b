#include "actors/reader_actor.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/replica/reading.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <vector>

namespace burrow {
namespace {

class reader {
public:
  static constexpr const char* actor_name = "reader";

  reader(shell<reader>* self, reader_options options) : self_(self), data_(std::move(options.data)) {
    BURROW_ASSERT(data_ != nullptr);
    // A replica actor that ended has forgotten its sessions.
    self_->set_down_handler([this](const caf::down_msg& m) {
      std::erase_if(pins_, [&](const pinned& p) { return p.from.address() == m.source; });
    });
  }

  caf::behavior behavior() {
    return {
      [this](const load& m) {
        auto values = std::make_shared<std::vector<loaded_item>>();
        values->reserve(m.what.items.size());
        for (const auto& item : m.what.items)
          values->push_back(m.what.session.value == 0 ? read_item(*data_, item) : read_pinned(m, item));
        self_->send(m.from, loaded{m.start, m.what.id, std::move(values)});
      },
      [this](const pin_session& m) { m.on ? pin(m) : unpin(m); },
      [this](const recover& m) { self_->send(m.from, recovered{m.start, load_replica(*data_, m.options)}); },
      [this](stop_atom) { self_->quit(); },
    };
  }

private:
  // ---- installs ---------------------------------------------------------------------------------------------------

  struct pinned {
    raft::session_id session;
    caf::actor from;
    std::shared_ptr<const pinned_state> state;
    std::uint64_t sequence = 0; ///< of the store, when it was pinned
  };

  [[nodiscard]] std::vector<pinned>::iterator find(raft::session_id session, const caf::actor& from) {
    return std::ranges::find_if(pins_, [&](const pinned& p) { return p.session == session && p.from == from; });
  }

  /// A pin that cannot be had shows when it is read from.
  void pin(const pin_session& m) {
    if (pins_.size() >= limits::pins_per_reader_max) return;
    auto state = data_->pin();
    if (!state) return;
    self_->monitor(m.from);
    pins_.push_back({m.session, m.from, std::move(state).value(), data_->sequence()});
  }
  void unpin(const pin_session& m) {
    const auto at = find(m.session, m.from);
    if (at == pins_.end()) return;
    self_->demonitor(at->from);
    pins_.erase(at);
  }

  [[nodiscard]] loaded_item read_pinned(const load& m, const load_item& item) {
    const auto at = find(m.what.session, m.from);
    if (at == pins_.end()) return {error{errc::unavailable, "nothing is pinned for this session"}};
    // It keeps all that was there from being removed, so not for ever.
    if (data_->sequence() - at->sequence > limits::pin_operations_max) {
      unpin({m.what.session, false, m.from});
      return {error{errc::unavailable, "too much was written since the session began"}};
    }
    return read_item(*at->state, item);
  }

  shell<reader>* self_;
  std::shared_ptr<store> data_;
  std::vector<pinned> pins_;
};

} // namespace

caf::actor spawn_reader(caf::actor_system& system, reader_options options, bool detached) {
  return detached ? system.spawn<caf::detached>(run_shell<reader, reader_options>, std::move(options))
                  : system.spawn(run_shell<reader, reader_options>, std::move(options));
}

} // namespace burrow
