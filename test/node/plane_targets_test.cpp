// A node's plane is up before its actors are: a peer may be linked by then, and nobody says so twice.
#include "actors/caf_config.hpp"
#include "actors/cluster_messages.hpp"
#include "node/plane_targets.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

using namespace burrow;
using namespace std::chrono_literals;

namespace {

struct listeners {
  caf_config config{2, {}};
  caf::actor_system system{config};
  caf::scoped_actor membership{system}, control{system};

  void attach(plane_targets& to) {
    to.actors(nullptr, caf::actor_cast<caf::actor>(membership), caf::actor_cast<caf::actor>(control));
  }
  /// The peers that somebody is told of, with + for up and - for down; what was sent is there already.
  static std::string heard(caf::scoped_actor& by) {
    std::string out;
    for (bool more = true; more;)
      by->receive([&](const peer_link& l) { out += (l.up ? "+" : "-") + std::to_string(l.peer.value) + " "; },
                  caf::after(0ms) >> [&] { more = false; });
    return out;
  }
};

} // namespace

TEST_CASE("peers that were linked before there was an actor to tell are not forgotten") {
  listeners l;
  plane_targets targets;
  targets.link({{1}, true, 7});
  targets.link({{2}, true, 7});
  targets.link({{3}, true, 7});
  targets.link({{2}, false, 7});
  l.attach(targets);
  CHECK(l.heard(l.membership) == "+1 +3 ");
  CHECK(l.heard(l.control) == "+1 +3 ");
}

TEST_CASE("links that come and go later are told as they do") {
  listeners l;
  plane_targets targets;
  l.attach(targets);
  targets.link({{1}, true, 7});
  targets.link({{1}, false, 7});
  CHECK(l.heard(l.control) == "+1 -1 ");
}
