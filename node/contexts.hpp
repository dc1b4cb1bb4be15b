// Named endpoints of the command: contexts.json in $XDG_CONFIG_HOME/burrow (~/.config/burrow), for its owner alone. A
// name and an address; nothing secret is in it.
#pragma once

#include "cluster/base/result.hpp"

#include <map>
#include <string>

namespace burrow {

class contexts {
public:
  /// Errors: config_invalid (no home, or a file that cannot be understood). Without a file there are none.
  [[nodiscard]] static result<contexts> load();
  /// Puts the file in place of the old one, 0600 in a directory of 0700. Error: io_failed.
  [[nodiscard]] result<void> save() const;
  [[nodiscard]] static std::string path();

  std::map<std::string, std::string> endpoints; ///< by name
  std::string current;                          ///< empty = none
};

/// 1 to 63 of letters, digits, dot, dash and underscore.
[[nodiscard]] bool is_context_name(const std::string& name);

} // namespace burrow
