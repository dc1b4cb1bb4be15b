// Sessions and pulls, as the owners of the two cores run them, and entries read back from the disk.
#include "cluster/sim/world.hpp"

#include <algorithm>

namespace burrow::sim {

constexpr std::size_t sessions_max = 2;

void world::fetch_done(host& h, std::uint64_t first, std::uint64_t count) {
  std::vector<raft::entry> found;
  const auto& image = h.store.image();
  for (auto i = std::max(first, image.log_first.value); i < first + count && i <= image.last().value; ++i) {
    found.push_back(image.log[i - image.log_first.value]);
  }
  h.core->fetched(found);
}

void world::open_session(host& h, node_id to) {
  if (h.state.index != h.written || h.state.index.value == 0) return;
  while (h.sessions.size() >= sessions_max) h.sessions.erase(h.sessions.begin());
  raft::manifest what;
  what.meta.index = h.state.index;
  what.meta.term = h.state.in;
  what.meta.state_hash = {h.state.hash, h.chain_at(h.state.index)};
  h.sessions.emplace(++last_session_, what.meta);
  h.core->install_ready(to, what, {last_session_});
}

void world::start_pull(host& h, raft::install_offer offer) {
  const auto time = calm_ ? chance_.between(1, 5) * ms : plan_.pull.draw(chance_);
  schedule(time, kind::pull, h.node, offer.session.value);
  h.pulling = std::move(offer);
}

void world::pull_done(host& h, std::uint64_t session) {
  if (!h.pulling || h.pulling->session.value != session) return;
  const auto offer = *std::exchange(h.pulling, {});
  const auto& from = hosts_[offer.from.node.value - 1];
  if (!from.up || from.sessions.count(session) == 0) return h.core->install_failed(offer.session);
  drain(h); // what the core has to say about the old log comes before the switch
  if (h.pulling) return; // the same state was offered anew meanwhile, and is pulled again
  if (!h.core->begin_switch(offer.meta, offer.session)) return;
  disk_write w;
  w.installed = offer.meta;
  (void)h.store.write(std::move(w));
  aimed_ = seldom;
  start_sync(h);
}

} // namespace burrow::sim
