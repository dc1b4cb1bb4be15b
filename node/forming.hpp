// How a node with an empty directory comes by a cluster: it makes one, is let into one, or agrees on one with others
// (ARCHITECTURE section 5, "Forming"). What is decided is in cluster/placement; here are the sockets, files and clock.
#pragma once

#include "actors/data_plane.hpp"
#include "cluster/codec/log_codec.hpp"
#include "cluster/placement/admit.hpp"
#include "node/settings.hpp"

#include <functional>
#include <memory>
#include <mutex>

namespace burrow {

/// What the directory keeps of the cluster besides the store: a map as old as it may be, so that a node that starts
/// knows whom to talk to. Not there: this node is a cluster of one, or has none yet.
inline constexpr const char* cluster_file = "CLUSTER";
/// A directory with it belonged to a node that left its cluster for good (burrow node leave): it starts no more.
inline constexpr const char* left_file = "LEFT";
/// Errors: corrupt, io_failed. No value: there is none.
[[nodiscard]] result<std::optional<placement::map_order>> read_cluster_file(const std::string& directory);
[[nodiscard]] result<void> write_cluster_file(const std::string& directory, const placement::map_order& what);

/// What this node says of itself to others.
[[nodiscard]] placement::node_entry own_entry(const settings& with, node_id self);

/// Who answers questions of strangers; changes when the node is formed. Any thread.
class admit_desk {
public:
  using answer = std::function<void(std::string)>;
  using handler = std::function<void(std::string question, std::string from, answer)>;
  void hand_to(handler whom);
  void ask(std::string question, std::string from, answer to);

private:
  std::mutex mutex_;
  handler whom_;
};

struct formed {
  codec::node_record record; ///< who this node is from now on
  std::optional<placement::map_order> map; ///< as given with the admission; none: it is a new cluster
};

/// For a directory without a store. One with a CLUSTER file joins that cluster again, whatever the settings say, and
/// asks the nodes it names, too. Blocks until there is a cluster, and says now and then whom it waits for. Errors:
/// config_invalid (refused, and why), unavailable (the process was asked to end), io_failed.
[[nodiscard]] result<formed> form(const settings& with, node_id self, data_plane& plane, admit_desk& desk);

} // namespace burrow
