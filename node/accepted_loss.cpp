#include "node/accepted_loss.hpp"

#include "node/durable_file.hpp"

#include <charconv>
#include <fstream>

namespace burrow {

result<accepted_loss> accepted_loss::open(const std::string& directory) {
  accepted_loss out(directory);
  std::ifstream file(directory + '/' + file_name);
  if (!file.is_open()) return out;
  for (std::string line; std::getline(file, line);) {
    std::uint16_t number = 0;
    const auto* const end = line.data() + line.size();
    const auto read = std::from_chars(line.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end) out.shards_.insert(shard_id{number});
    else out.all_ = true;
  }
  if (file.bad()) return error{errc::io_failed, std::string("read ") + file_name};
  out.all_ = out.all_ || out.shards_.empty();
  return out;
}

accepted_loss::accepted_loss(accepted_loss&& other) noexcept
  : directory_(std::move(other.directory_)), all_(other.all_), shards_(std::move(other.shards_)) {}

result<void> accepted_loss::begin() {
  const std::lock_guard lock(mutex_);
  all_ = true;
  return replace_file(directory_, file_name, "all\n");
}

result<void> accepted_loss::settle(std::set<shard_id> not_whole) {
  const std::lock_guard lock(mutex_);
  all_ = false;
  shards_ = std::move(not_whole);
  if (shards_.empty()) return remove_file(directory_, file_name);
  std::string lines;
  for (const auto s : shards_) lines += std::to_string(s.value) + '\n';
  return replace_file(directory_, file_name, lines);
}

bool accepted_loss::must_check(shard_id shard) const {
  const std::lock_guard lock(mutex_);
  return all_ || shards_.contains(shard);
}

bool accepted_loss::pending() const {
  const std::lock_guard lock(mutex_);
  return all_ || !shards_.empty();
}

} // namespace burrow
