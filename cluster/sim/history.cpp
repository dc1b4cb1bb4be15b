#include "cluster/sim/history.hpp"

namespace burrow::sim {
namespace {

std::string n(std::uint64_t x) { return std::to_string(x) + " "; }

struct digester {
  std::string operator()(const queue::insert_reply& r) const {
    std::string out = "insert " + n(static_cast<std::uint64_t>(r.problem));
    for (const auto& i : r.items) {
      out += n(static_cast<std::uint64_t>(i.status)) + n(static_cast<std::uint64_t>(i.problem)) + n(i.place.value) +
             n(i.revision) + n(i.id.high) + n(i.id.low);
    }
    return out;
  }
  std::string operator()(const queue::take_reply& r) const {
    std::string out = "take " + n(static_cast<std::uint64_t>(r.problem)) + n(r.count);
    for (const auto& m : r.items) {
      out += n(m.place.value) + n(m.claim.value) + n(m.claims) + n(static_cast<std::uint64_t>(m.hidden_until.ms));
    }
    return out;
  }
  std::string operator()(const queue::targets_reply& r) const {
    std::string out = "targets ";
    for (const auto& t : r.items) {
      out += n(static_cast<std::uint64_t>(t.problem)) + (t.item ? n(t.item->place.value) + n(t.item->revision) : "- ");
    }
    return out;
  }
  std::string operator()(const queue::purge_reply& r) const { return "purge " + n(r.count); }
  std::string operator()(const queue::done_reply& r) const {
    return "done " + n(static_cast<std::uint64_t>(r.problem));
  }
  std::string operator()(const queue::settings_reply& r) const { return "settings " + n(r.revision); }
  std::string operator()(const queue::task_reply& r) const {
    const auto& t = r.task;
    return "task " + n(static_cast<std::uint64_t>(r.problem)) + n(t.id.value) + n(t.moved) + n(t.skipped) + n(t.failed);
  }
  std::string operator()(const queue::arrive_reply& r) const {
    std::string out = "arrive ";
    for (const auto problem : r.items) out += n(static_cast<std::uint64_t>(problem));
    return out;
  }
  std::string operator()(const queue::refused_reply& r) const {
    return "refused " + n(static_cast<std::uint64_t>(r.problem));
  }
};

} // namespace

std::string digest_of(const queue::reply& reply) { return std::visit(digester{}, reply); }

} // namespace burrow::sim
