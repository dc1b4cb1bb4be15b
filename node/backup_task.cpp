#include "node/backup_task.hpp"

#include "cluster/storage/apply_marker.hpp"
#include "node/accepted_loss.hpp"
#include "node/durable_file.hpp"
#include "node/text.hpp"
#include "node/version.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/statvfs.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace burrow {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;
using steady = std::chrono::steady_clock;

bool lies_in(const fs::path& inner, const fs::path& outer) {
  std::error_code wrong;
  const auto in = fs::weakly_canonical(inner, wrong), out = fs::weakly_canonical(outer, wrong);
  return std::mismatch(out.begin(), out.end(), in.begin(), in.end()).first == out.end();
}

void remove_all(const std::string& path) {
  std::error_code wrong;
  fs::remove_all(path, wrong);
  if (wrong) spdlog::warn("cannot remove {}: {}", path, wrong.message());
}

std::int64_t unix_now() { return std::time(nullptr); }

} // namespace

backup_task::backup_task(backup_options options) : o_(std::move(options)) {
  remove_all(o_.data + '/' + checkpoint_name);
  state_ = {{"state", "none"}};
  std::ifstream in(o_.data + '/' + last_name);
  last_ = json::parse(std::string(std::istreambuf_iterator<char>(in), {}), nullptr, false);
  if (!last_.is_object()) last_ = nullptr;
  else o_.metrics->backup_known(last_.value("unix", std::int64_t{0}), last_.value("bytes", std::uint64_t{0}),
                                last_.value("seconds", 0.0));
}

backup_task::~backup_task() {
  cancelled_ = true;
  if (thread_.joinable()) thread_.join();
}

json backup_task::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

json backup_task::status() const {
  const std::lock_guard lock(mutex_);
  auto out = state_;
  if (busy_) {
    out["bytes_done"] = bytes_done_.load();
    out["seconds"] = std::chrono::duration<double>(steady::now() - began_).count();
  }
  out["last"] = last_;
  return out;
}

result<void> backup_task::start(const order& what) {
  if (busy_.exchange(true)) return error{errc::busy, "a backup is under way"};
  if (thread_.joinable()) thread_.join();
  cancelled_ = false;
  bytes_done_ = 0;
  began_ = steady::now();
  backup_manifest manifest;
  auto ready = prepare(what, manifest);
  if (!ready) {
    remove_all(o_.data + '/' + checkpoint_name);
    busy_ = false;
    return ready;
  }
  {
    const std::lock_guard lock(mutex_);
    state_ = {{"state", "running"}, {"directory", what.directory}, {"created", manifest.created},
              {"bytes", manifest.bytes()}, {"files", manifest.files.size()}, {"not_whole", what.not_whole}};
  }
  thread_ = std::thread([this, what, manifest = std::move(manifest)]() mutable { run(what, std::move(manifest)); });
  return {};
}

result<void> backup_task::prepare(const order& what, backup_manifest& manifest) {
  if (what.directory.empty() || what.directory.front() != '/')
    return error{errc::config_invalid, "the directory has to be an absolute path, as the node sees it"};
  if (lies_in(what.directory, o_.data)) return error{errc::config_invalid, "the directory lies in the node's own"};
  if (auto made = make_empty_directory(what.directory); !made) return made;
  if (auto noted = o_.audit->write({"backup-create", what.who, "begins", what.request_id,
                                    {{"directory", what.directory}}}); !noted) return noted;
  const auto copy = o_.data + '/' + checkpoint_name;
  if (auto made = make_empty_directory(copy); !made) return error{errc::io_failed, made.error().context};
  if (auto made = o_.store->checkpoint(copy); !made) return made;
  // What else a node cannot go on without: which shards are not found whole, which entries ended it, who did what.
  for (const auto* name : {accepted_loss::file_name, apply_marker::file_name, audit_file}) {
    std::error_code wrong;
    const auto from = o_.data + '/' + name;
    if (fs::exists(from, wrong)) fs::copy_file(from, copy + '/' + name, wrong);
    if (wrong) return error{errc::io_failed, fmt::format("copy {}: {}", from, wrong.message())};
  }
  manifest.version = version_text;
  manifest.commit = version_commit;
  manifest.created = time_text(unix_now());
  manifest.node = o_.node;
  manifest.identity = o_.identity;
  manifest.not_whole = what.not_whole;
  const auto names = files_below(copy);
  if (!names) return names.error();
  for (const auto& name : *names) {
    std::error_code wrong;
    manifest.files.push_back({name, fs::file_size(copy + '/' + name, wrong), {}});
    if (wrong) return error{errc::io_failed, fmt::format("look at {}: {}", name, wrong.message())};
  }
  struct statvfs space {};
  if (::statvfs(what.directory.c_str(), &space) != 0) return error{errc::io_failed, "look at " + what.directory};
  const auto free = std::uint64_t{space.f_bavail} * space.f_frsize;
  if (free >= manifest.bytes() + o_.reserve) return {};
  return error{errc::no_space, fmt::format("{} has {} free, the backup needs {} and {} have to stay free",
                                           what.directory, human_size(free), human_size(manifest.bytes()),
                                           human_size(o_.reserve))};
}

void backup_task::run(order what, backup_manifest manifest) {
  const auto done = copy(what, manifest);
  remove_all(o_.data + '/' + checkpoint_name);
  if (!done)
    for (const auto& f : manifest.files) remove_all(what.directory + '/' + f.name);
  settle(what, manifest, done);
  busy_ = false;
}

result<void> backup_task::copy(const order& what, backup_manifest& manifest) {
  const auto from = o_.data + '/' + checkpoint_name;
  std::set<std::string> directories{what.directory};
  for (auto& f : manifest.files) {
    const auto to = what.directory + '/' + f.name;
    const auto parent = fs::path(to).parent_path().string();
    std::error_code wrong;
    if (directories.insert(parent).second) fs::create_directories(parent, wrong);
    if (wrong) return error{errc::io_failed, fmt::format("make {}: {}", parent, wrong.message())};
    auto made = hash_file(from + '/' + f.name, to, [this](std::uint64_t bytes) { return pace(bytes); });
    if (!made) return made.error();
    f.size = made->size;
    f.sha256 = std::move(made->sha256);
  }
  for (const auto& directory : directories)
    if (auto done = sync_directory(directory); !done) return done;
  return replace_file(what.directory, backup_manifest::file_name, encode(manifest));
}

/// Waits as long as the bound asks for; false once it was cancelled.
bool backup_task::pace(std::uint64_t bytes) {
  const auto done = bytes_done_ += bytes;
  if (o_.bytes_per_s > 0) {
    const auto due = began_ + std::chrono::microseconds(done * 1'000'000 / o_.bytes_per_s);
    while (!cancelled_ && steady::now() < due)
      std::this_thread::sleep_for(std::min<steady::duration>(due - steady::now(), std::chrono::milliseconds(50)));
  }
  return !cancelled_;
}

void backup_task::settle(const order& what, const backup_manifest& manifest, const result<void>& done) {
  const double seconds = std::chrono::duration<double>(steady::now() - began_).count();
  const char* word = done ? "done" : cancelled_ ? "cancelled" : "failed";
  json state{{"state", word}, {"directory", what.directory}, {"created", manifest.created},
             {"bytes", manifest.bytes()}, {"files", manifest.files.size()}, {"not_whole", what.not_whole},
             {"bytes_done", bytes_done_.load()}, {"seconds", seconds}};
  if (!done) state["why"] = done.error().context;
  audit_event line{"backup-create", what.who, word, what.request_id, {{"directory", what.directory}}};
  if (!done) line.facts.emplace_back("why", done.error().context);
  static_cast<void>(o_.audit->write(line)); // it says so in the log; the backup is what it is
  json good;
  if (done) {
    const auto at = unix_now();
    good = {{"created", manifest.created}, {"unix", at}, {"directory", what.directory}, {"bytes", manifest.bytes()},
            {"seconds", seconds}, {"not_whole", what.not_whole}};
    if (auto kept = replace_file(o_.data, last_name, good.dump() + '\n'); !kept)
      spdlog::warn("{}: {}", last_name, kept.error().context);
    o_.metrics->backup_known(at, manifest.bytes(), seconds);
    spdlog::info("backup of {} into {} in {:.1f} s", human_size(manifest.bytes()), what.directory, seconds);
  } else {
    spdlog::error("backup into {} {}: {}", what.directory, word, done.error().context);
  }
  o_.metrics->backup_ended(done.ok(), cancelled_);
  const std::lock_guard lock(mutex_);
  state_ = std::move(state);
  if (done) last_ = std::move(good);
}

void backup_task::cancel(const std::string& who, const std::string& request_id) {
  if (!busy_) return;
  static_cast<void>(o_.audit->write({"backup-cancel", who, "begins", request_id}));
  cancelled_ = true;
}

} // namespace burrow
