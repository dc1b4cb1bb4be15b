// One command on one queue of the model. Only for the files of the model itself.
#pragma once

#include "cluster/base/limits.hpp"
#include "test/support/queue_model.hpp"

#include <algorithm>

namespace burrow::test {

struct queue_model::turn {
  const queue_ref& ref;
  const queue::apply_meta& meta;
  messages& list;
  kept_memory& memory;
  instant now() const { return meta.now; }
  messages::iterator find(const std::string& id) {
    auto at = std::find_if(list.begin(), list.end(), [&](const entry& e) { return e.m.name == id; });
    if (at != list.end() || id.empty()) return id.empty() ? list.end() : at;
    return std::find_if(list.begin(), list.end(),
                        [&](const entry& e) { return e.m.name.empty() && e.m.id.text26() == id; });
  }
  messages::iterator at(place p) {
    return std::find_if(list.begin(), list.end(), [&](const entry& e) { return e.m.place == p; });
  }
  bool visible() const {
    return std::any_of(list.begin(), list.end(), [](const entry& e) { return e.m.hidden_until == no_instant; });
  }
};

inline std::string key_of(const std::string& key, std::uint32_t step) {
  return step == 0 ? key : key + ':' + std::to_string(step);
}

} // namespace burrow::test
