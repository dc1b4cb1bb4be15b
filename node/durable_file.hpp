// Small files of the data directory that must be on disk before what they speak of happens.
#pragma once

#include "cluster/base/result.hpp"

#include <string>
#include <string_view>

namespace burrow {

/// Puts `bytes` in the place of DIRECTORY/NAME: after a crash the file is the old one or the new one, whole.
[[nodiscard]] result<void> replace_file(const std::string& directory, const std::string& name, std::string_view bytes);
/// Adds to the end of DIRECTORY/NAME, made if need be.
[[nodiscard]] result<void> append_to_file(const std::string& directory, const std::string& name,
                                          std::string_view bytes);
/// Names that were made or removed in it are on disk afterwards.
[[nodiscard]] result<void> sync_directory(const std::string& directory);
/// Not an error if there is none.
[[nodiscard]] result<void> remove_file(const std::string& directory, const std::string& name);

} // namespace burrow
