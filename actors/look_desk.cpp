#include "actors/look_desk.hpp"

#include "cluster/base/assert.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace burrow {
namespace {

constexpr std::size_t asked_max = 1024, answering_max = 32;
constexpr duration asked_kept{15'000};

class look_shell {
public:
  static constexpr const char* actor_name = "look_desk";

  look_shell(shell<look_shell>* self, look_desk_options options) : self_(self), o_(std::move(options)) {
    BURROW_ASSERT(o_.send && o_.source && o_.clock);
  }

  caf::behavior behavior() {
    return {
      [this](const control_order_said& m) { heard(m); },
      [this](const control_link& m) {
        if (o_.orders) self_->send(o_.orders, m);
      },
      [this](const look_at_nodes& m) { look(m); },
      [this](look_said& m) { said(m); },
      [this](stop_atom) { self_->quit(); },
    };
  }

private:
  struct pending {
    node_id node;
    clock_reading at;
    caf::actor from;
  };

  void heard(const control_order_said& m) {
    if (m.kind != look_order_kind) {
      if (o_.orders) self_->send(o_.orders, m);
      return;
    }
    auto read = codec::decode_look(m.bytes);
    if (!read) return;
    if (auto* const question = std::get_if<codec::look_question>(&*read)) return answer(m.from, std::move(*question));
    shown(m.from, std::move(std::get<codec::look_answer>(*read)));
  }

  void look(const look_at_nodes& m) {
    const auto now = o_.clock();
    std::erase_if(asked_, [&](const auto& one) { return one.second.at.steady + asked_kept < now.steady; });
    for (const auto node : m.nodes) {
      if (asked_.size() >= asked_max) return;
      asked_.emplace(++last_number_, pending{node, now, m.from});
      o_.send(node, codec::encode_look(codec::look_question{last_number_, m.what}));
    }
  }

  /// The time of the question is taken here, before anything is done for it.
  void answer(node_id to, codec::look_question q) {
    if (answering_ >= answering_max) return;
    ++answering_;
    const auto heard = o_.clock().wall;
    o_.source->ask(std::move(q.what), [self = caf::actor_cast<caf::actor>(self_), to, heard,
                                       number = q.number](std::string text) {
      caf::anon_send(self, look_said{to, number, heard, std::move(text)});
    });
  }

  void said(look_said& m) {
    --answering_;
    if (m.text.size() > codec::look_text_max) m.text.clear();
    o_.send(m.to, codec::encode_look(codec::look_answer{m.number, m.heard, o_.clock().wall, std::move(m.text)}));
  }

  /// As NTP does it: what the answer took to be made counts for neither clock, and the way there and back is at most
  /// as uneven as it is long.
  void shown(node_id from, codec::look_answer a) {
    const auto found = asked_.find(a.number);
    if (found == asked_.end() || found->second.node != from) return;
    const auto to = std::move(found->second);
    asked_.erase(found);
    const auto away = o_.clock().steady - to.at.steady; // by the clock that nobody sets
    const auto ms = [](duration d) { return static_cast<double>(d.count()); };
    const auto asked = to.at.wall.ms, back = asked + away.count();
    node_shown out;
    out.node = from;
    out.text = std::move(a.text);
    out.ahead_ms = (static_cast<double>(a.heard.ms - asked) + static_cast<double>(a.said.ms - back)) / 2;
    // The clocks count whole milliseconds.
    out.within_ms = std::max(0.0, (ms(away) - static_cast<double>(a.said.ms - a.heard.ms)) / 2) + 1;
    self_->send(to.from, std::move(out));
  }

  shell<look_shell>* self_;
  look_desk_options o_;
  std::map<std::uint64_t, pending> asked_;
  std::uint64_t last_number_ = 0;
  std::size_t answering_ = 0;
};

} // namespace

void look_source::hand_to(handler whom) {
  const std::lock_guard lock(mutex_);
  whom_ = std::move(whom);
}

void look_source::ask(std::string what, answer to) {
  const std::lock_guard lock(mutex_);
  if (whom_) whom_(std::move(what), std::move(to));
  else to({});
}

caf::actor spawn_look_desk(caf::actor_system& system, look_desk_options options) {
  return system.spawn(run_shell<look_shell, look_desk_options>, std::move(options));
}

} // namespace burrow
