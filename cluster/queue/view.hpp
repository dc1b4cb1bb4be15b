// The ordered map that the machine reads, and the delta that it hands back (replication.md section 6).
// Keys here are relative: without shard and generation. Frozen.
#pragma once

#include "cluster/queue/message.hpp"
#include "cluster/storage/store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace burrow::queue {

/// One thing to bring into memory before the same call is made again.
struct load_request {
  std::optional<std::string> key;      ///< one key, or
  std::optional<scan_request> range;   ///< a piece of the map
};

/// An ordered map that may answer "not here": not known without the disk. A caller that meets one gives up without
/// effect, has it loaded, and calls again; what was loaded stays until the call succeeds.
class view {
public:
  virtual ~view() = default;
  enum class state : std::uint8_t { absent, found, not_here };
  struct lookup {
    state what = state::absent;
    std::string value;
  };
  [[nodiscard]] virtual lookup get(std::string_view key) = 0;
  struct page {
    bool here = true;
    std::vector<std::pair<std::string, std::string>> items;
    bool complete = false;
  };
  [[nodiscard]] virtual page scan(const scan_request& request) = 0;
};

/// The keys that an entry sets and removes, with the hash of the pair that each had, so that there are no blind writes
/// and the state hash can follow. Keys are unique and ascending.
struct delta {
  struct change {
    std::string key;
    std::optional<std::string> value; ///< nothing = removed
    std::optional<hash128> old_hash;  ///< hash_of(key, old value); nothing = it was not there
  };
  std::vector<change> changes;
  std::vector<body_ref> bodies_erased; ///< bodies that no message refers to any more
};

} // namespace burrow::queue
