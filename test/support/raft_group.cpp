#include "test/support/raft_group.hpp"

#include <algorithm>
#include <sstream>

namespace burrow::test {

raft::peer_message from(std::uint64_t a, std::uint64_t b, std::uint64_t t, decltype(raft::peer_message::what) what) {
  return {raft_group::member(a), raft_group::member(b), {t}, std::move(what)};
}

raft::command_bytes command(const std::string& what) { return {shared_bytes(what), {}, {}}; }

raft::entry command_at(std::uint64_t index, std::uint64_t term, const std::string& what) {
  return {{index}, {term}, raft::entry_kind::command, command(what), {}};
}

raft_group::raft_group(std::vector<std::uint64_t> voters, std::vector<std::uint64_t> learners,
                       raft::raft_options options)
    : options_(std::move(options)) {
  raft::configuration config;
  for (const auto n : voters) config.voters.push_back(member(n));
  for (const auto n : learners) config.learners.push_back(member(n));
  for (const auto* const set : {&voters, &learners}) {
    for (const auto n : *set) {
      nodes_[n].disk.snapshot.config = config;
      start(n);
    }
  }
}

void raft_group::add(std::uint64_t n) { start(n); }

void raft_group::start(std::uint64_t n) {
  auto& x = nodes_[n];
  auto stored = x.disk;
  stored.tail = x.log;
  std::erase_if(stored.tail, [&](const raft::entry& e) { return e.index <= stored.applied; });
  auto options = options_;
  options.self = member(n);
  options.seed = options_.seed - 1 + ++starts_;
  x.core = std::make_unique<raft::raft>(options, std::move(stored));
  x.unsynced.clear();
  x.held.clear();
  x.down = false;
}

void raft_group::start_with(std::uint64_t n, std::vector<std::uint64_t> terms, std::uint64_t term, std::uint64_t vote) {
  auto& x = nodes_.at(n);
  x.log.clear();
  for (std::size_t i = 0; i < terms.size(); ++i) x.log.push_back(command_at(i + 1, terms[i], "old"));
  x.disk.hard = {{term}, {vote * 10}};
  start(n);
}

void raft_group::restart(std::uint64_t n) {
  auto& x = nodes_.at(n);
  x.disk.terms.clear();
  x.disk.applied_config.reset();
  x.disk.applied = x.applied.empty() ? x.disk.snapshot.index : x.applied.back().index;
  for (const auto& e : x.log) {
    if (e.index > x.disk.applied || e.index < x.disk.log_first) continue;
    if (x.disk.terms.empty() || x.disk.terms.back().term != e.term) x.disk.terms.push_back({e.term, e.index});
    if (e.config) x.disk.applied_config = *e.config;
  }
  start(n);
}

void raft_group::drain(std::uint64_t n) {
  auto& x = nodes_.at(n);
  auto out = x.core->take_output();
  for (auto& e : out.committed) x.applied.push_back(std::move(e));
  for (auto& r : out.reads) x.reads.push_back(std::move(r));
  if (out.role) x.role = out.role;
  if (out.offer) x.offer = std::move(out.offer);
  x.damaged.insert(x.damaged.end(), out.damaged.begin(), out.damaged.end());
  x.installs.insert(x.installs.end(), out.installs.begin(), out.installs.end());
  for (const auto& m : out.send_now) {
    x.sent.push_back(m);
    wire_.push_back(m);
  }
  if (out.fetch) {
    std::vector<raft::entry> found;
    for (const auto& e : x.log) {
      if (e.index >= out.fetch->first && e.index <= out.fetch->last) found.push_back(e);
    }
    x.core->fetched(found);
  }
  const bool wrote = !out.persist.empty();
  if (wrote) x.unsynced.push_back(std::move(out.persist));
  const auto ticket = x.unsynced.empty() ? 0 : x.unsynced.back().ticket.number;
  for (auto& m : out.send_persisted) x.held.emplace_back(ticket, std::move(m));
  if (!x.slow_disk) sync(n);
  if (out.fetch) drain(n);
}

void raft_group::sync(std::uint64_t n) {
  auto& x = nodes_.at(n);
  if (x.unsynced.empty() && x.held.empty()) return;
  for (auto& p : std::exchange(x.unsynced, {})) {
    if (p.hard) x.disk.hard = *p.hard;
    if (p.truncate_from) std::erase_if(x.log, [&](const raft::entry& e) { return e.index >= *p.truncate_from; });
    x.log.insert(x.log.end(), p.entries.begin(), p.entries.end());
    if (p.snapshot) x.disk.snapshot = *p.snapshot;
    if (p.log_first) {
      x.disk.log_first = *p.log_first;
      std::erase_if(x.log, [&](const raft::entry& e) { return e.index < *p.log_first; });
    }
    x.core->persisted(p.ticket);
  }
  for (auto& [ticket, m] : std::exchange(x.held, {})) {
    x.sent.push_back(m);
    wire_.push_back(m);
  }
  drain(n);
}

void raft_group::tick(std::uint64_t n, std::uint32_t times) {
  for (; times > 0; --times) {
    core(n).tick();
    drain(n);
  }
}

void raft_group::tick_all(std::uint32_t times) {
  for (; times > 0; --times) {
    for (auto& [n, x] : nodes_) {
      if (!x.down) tick(n);
    }
    deliver();
  }
}

void raft_group::deliver_one() {
  const auto m = wire_.front();
  wire_.pop_front();
  const auto from = m.from.node.value, to = m.to.node.value;
  const bool lost = cut_.count(from) + cut_.count(to) + cut_links_.count({from, to}) > 0;
  if (!lost) inject(m);
}

void raft_group::inject(const raft::peer_message& m) {
  const auto at = nodes_.find(m.to.node.value);
  if (at == nodes_.end() || at->second.down) return;
  at->second.core->step(m);
  drain(at->first);
}

void raft_group::deliver() {
  while (!wire_.empty()) deliver_one();
}

raft::peer_message* raft_group::next() { return wire_.empty() ? nullptr : &wire_.front(); }

void raft_group::elect(std::uint64_t n) {
  for (int i = 0; i < 100 && !status(n).leads; ++i) {
    tick(n);
    deliver();
  }
}

log_index raft_group::propose(std::uint64_t n, const std::string& what) {
  const auto index = core(n).propose({command(what)});
  drain(n);
  deliver();
  return index ? *index : log_index{};
}

std::uint64_t raft_group::leader() {
  std::uint64_t best = 0;
  for (auto& [n, x] : nodes_) {
    if (!x.down && status(n).leads && (best == 0 || status(n).term > status(best).term)) best = n;
  }
  return best;
}

// ---- text -------------------------------------------------------------------------------------------------------

namespace {

std::string text_of(const raft::vote_request& m) {
  return std::string(m.pre ? "pre-vote?" : "vote?") + (m.transfer ? " (transfer)" : "") + " last " +
         std::to_string(m.last.value) + " of term " + std::to_string(m.last_term.value);
}
std::string text_of(const raft::vote_answer& m) {
  return std::string(m.pre ? "pre-vote " : "vote ") + (m.granted ? "granted" : "refused");
}
std::string text_of(const raft::append_request& m) {
  std::ostringstream out;
  out << "append after " << m.previous.value << " of term " << m.previous_term.value << ":";
  for (const auto& e : m.entries) {
    out << " " << e.index.value << "/" << e.term.value;
    if (e.kind == raft::entry_kind::empty)
      out << " empty";
    else if (e.kind == raft::entry_kind::configuration)
      out << " configuration";
    else
      out << " '" << e.payload.command.view() << "'";
  }
  if (m.entries.empty()) out << " nothing";
  out << ", committed " << m.committed.value;
  return out.str();
}
std::string text_of(const raft::append_answer& m) {
  if (m.accepted) return "has " + std::to_string(m.verified.value);
  return "refuses " + std::to_string(m.previous.value) + ", try " + std::to_string(m.verified.value) + " of term " +
         std::to_string(m.hint_term.value);
}
std::string text_of(const raft::heartbeat& m) {
  return "heartbeat round " + std::to_string(m.round) + ", committed " + std::to_string(m.committed.value);
}
std::string text_of(const raft::heartbeat_answer& m) {
  return "hears round " + std::to_string(m.round) + ", received " + std::to_string(m.received.value);
}
std::string text_of(const raft::install_request& m) {
  return "install " + std::to_string(m.meta.index.value) + " of term " + std::to_string(m.meta.term.value) +
         ", session " + std::to_string(m.session);
}
std::string text_of(const raft::install_answer& m) {
  return m.installed ? "has installed " + std::to_string(m.index.value) : "cannot install";
}
std::string text_of(const raft::transfer_now&) { return "campaign now"; }
std::string text_of(const raft::sleep_request&) { return "sleep"; }
std::string text_of(const raft::sleep_answer& m) { return m.asleep ? "sleeps" : "stays awake"; }
std::string text_of(const raft::wake&) { return "wake"; }

} // namespace

std::string text_of(const raft::peer_message& m) {
  return std::to_string(m.from.node.value) + ">" + std::to_string(m.to.node.value) + " term " +
         std::to_string(m.term.value) + ": " + std::visit([](const auto& what) { return text_of(what); }, m.what);
}

} // namespace burrow::test
