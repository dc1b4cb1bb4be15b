#include "node/doctor.hpp"

#include "cluster/storage/keys.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace burrow {
namespace {

constexpr std::uint64_t files_wanted = 32'768;
constexpr double sync_slow_s = 0.1, sync_warn_s = 0.02;
constexpr std::int64_t backup_age_max_s = 26 * 3600;
constexpr int sync_rounds = 8;
constexpr std::int64_t certificate_warn_s = 14 * 86'400, certificate_bad_s = 2 * 86'400;

class examiner {
public:
  explicit examiner(const doctor_facts& facts) : f(facts) {}

  std::vector<finding> run() {
    disk();
    sync();
    files();
    clock();
    ports();
    certificates();
    store();
    shards();
    config();
    refusals();
    backup();
    return std::move(out);
  }

private:
  void say(severity how, const char* check, std::string object, std::string evidence, std::string advice = {}) {
    out.push_back({how, check, std::move(object), std::move(evidence), std::move(advice), {}});
  }

  void disk() {
    const auto& s = f.with;
    if (f.disk_total == 0)
      return say(severity::bad, "disk", s.data, "cannot be looked at", "does the directory exist?");
    const auto low = std::max(s.disk_low, f.disk_total / 100 * s.disk_low_per_cent);
    const auto seen = fmt::format("{} free of {}; inserts stop below {}, everything below {}", human_size(f.disk_free),
                                  human_size(f.disk_total), human_size(low), human_size(s.disk_stop));
    if (f.disk_free < s.disk_stop) return say(severity::bad, "disk", s.data, seen, "make room: nothing is written");
    if (f.disk_free < low) return say(severity::bad, "disk", s.data, seen, "make room: inserts are refused");
    if (f.disk_free < 2 * low) return say(severity::warn, "disk", s.data, seen, "make room before the mark is reached");
    say(severity::ok, "disk", s.data, seen);
  }

  void sync() {
    if (f.in_memory)
      return say(severity::warn, "sync", f.with.data, "the data lie in memory (tmpfs): no sync can keep them",
                 "move the data directory to a disk");
    if (f.sync_seconds.empty())
      return say(severity::bad, "sync", f.with.data, "a file there cannot be written and synced",
                 "look at permissions and the disk");
    auto sorted = f.sync_seconds;
    std::sort(sorted.begin(), sorted.end());
    const auto median = sorted[sorted.size() / 2];
    const auto seen = fmt::format("a sync takes {:.1f} ms, at most {:.1f} ms", median * 1e3, sorted.back() * 1e3);
    if (median > sync_slow_s)
      say(severity::bad, "sync", f.with.data, seen, "every write waits so long: use a faster disk");
    else if (median > sync_warn_s)
      say(severity::warn, "sync", f.with.data, seen, "is the disk busy with something else?");
    else
      say(severity::ok, "sync", f.with.data, seen);
  }

  void files() {
    const auto seen = fmt::format("{} open files allowed", f.files_max);
    if (f.files_max >= files_wanted) return say(severity::ok, "files", "process", seen);
    say(f.files_max < 4096 ? severity::bad : severity::warn, "files", "process", seen,
        fmt::format("raise it to {}: LimitNOFILE= in the unit, or ulimit -n", files_wanted));
  }

  void clock() {
    if (f.time_ahead_s > 0)
      return say(severity::warn, "clock", "shard time",
                 fmt::format("{:.1f} s ahead of the clock; it runs at half speed until they meet", f.time_ahead_s),
                 "set the clock right; expiry and claims take twice as long meanwhile");
    if (f.clock_disciplined == false)
      return say(severity::warn, "clock", "system", "the kernel says that nothing keeps the clock right",
                 "run a time service: systemctl status systemd-timesyncd, or chrony");
    say(severity::ok, "clock", "system", f.clock_disciplined ? "kept right" : "not known");
  }

  void ports() {
    for (const auto& taken : f.ports_taken)
      say(severity::bad, "ports", taken, "cannot be listened on", "what has it? ss -ltnp; or change http, admin");
    if (f.ports_taken.empty())
      say(severity::ok, "ports", f.with.http + ", " + f.with.admin, f.running ? "serving" : "free");
  }

  void certificates() {
    if (!f.member) return;
    const auto& s = f.with;
    if (s.cluster_certificate.empty()) {
      const auto at = parse_endpoint(s.cluster.empty() ? cluster_default : s.cluster);
      if (at && is_loopback(at->host))
        return say(severity::ok, "certificates", "cluster", "none, and on loopback alone");
      return say(severity::bad, "certificates", "cluster",
                 "none: whoever reaches the cluster's ports can take this node's memory and speak as a peer",
                 "burrow cert ca, burrow cert node; then cluster_certificate, cluster_key, cluster_ca on every node");
    }
    if (!f.certificate_problem.empty())
      return say(severity::bad, "certificates", s.cluster_certificate, f.certificate_problem,
                 "put good files in their place: burrow cert node, burrow cert show");
    if (f.certificate_reloads_failed)
      say(severity::warn, "certificates", s.cluster_certificate, "files that were changed are not used",
          "the log names the file and what is wrong with it; the last good ones go on");
    if (!f.certificate_until_unix)
      return say(severity::warn, "certificates", s.cluster_certificate, "it is not known until when they are good",
                 "burrow cert show " + s.cluster_certificate);
    const auto left = *f.certificate_until_unix - f.now_unix;
    const auto seen = left <= 0 ? "the certificate or its CA has expired: other nodes refuse it"
                                : fmt::format("good for {} more", human_time(static_cast<double>(left)));
    if (left < certificate_bad_s || left < certificate_warn_s)
      return say(left < certificate_bad_s ? severity::bad : severity::warn, "certificates", s.cluster_certificate, seen,
                 "renew it: burrow cert node, and put the files in the place of the old; no restart is needed");
    say(severity::ok, "certificates", s.cluster_certificate, seen);
  }

  void store() {
    const auto& where = f.with.data;
    if (f.restore_unfinished)
      return say(severity::bad, "store", where, "a restore into it was not finished",
                 "remove the directory and restore again");
    if (!f.store_problem.empty())
      return say(severity::bad, "store", where, f.store_problem,
                 "find out why; restore a backup, or go on with what can be read: burrow serve --accept-loss "
                 "\"reason\"");
    if (f.format != 0 && f.format != keys::format_version)
      return say(severity::bad, "store", where,
                 fmt::format("format {}, this program reads {}", f.format, keys::format_version),
                 "use the program that wrote it");
    if (f.stalls > 0)
      return say(severity::warn, "store", where, fmt::format("writes were slowed down {} times", f.stalls),
                 "is the disk too slow for what is stored? raise store.write_buffer and store.wal");
    say(severity::ok, "store", where, f.format == 0 ? "nothing stored yet" : fmt::format("format {}", f.format));
  }

  void shards() {
    for (const auto& [shard, why] : f.damaged)
      say(severity::bad, "shards", fmt::format("shard {}", shard), "damaged: " + why,
          fmt::format("look at the disk; restore a backup, or stop the node and keep what can be read: "
                      "burrow shard repair {} --accept-loss \"reason\" --data {}", shard, f.with.data));
    for (const auto& [shard, why] : f.quarantined)
      say(severity::bad, "shards", fmt::format("shard {}", shard), why,
          "report it; with a program that can apply the entry: stop, remove APPLYING from the data directory, start");
    if (f.damaged.empty() && f.unchecked)
      say(severity::warn, "shards", "UNCHECKED", "a loss was accepted, and not every shard was found whole since",
          "start the node: it checks them");
    else if (f.damaged.empty() && f.quarantined.empty())
      say(severity::ok, "shards", "all", f.running ? "in service" : "none is known to be out of service");
  }

  void config() {
    const auto& s = f.with;
    const auto before = out.size();
    if (s.insecure_http)
      say(severity::warn, "config", "insecure_http", "nobody is asked who they are: whoever reaches the ports owns all "
          "accounts", "put a proxy in front that asks, and listen on loopback");
    if (!s.accept_loss.empty())
      say(severity::warn, "config", "accept_loss", "still set: the next lost write would be accepted unseen",
          "take it out of the configuration");
    if (s.disk_low < s.disk_stop + s.wal + 2 * 256 * limits::mib)
      say(severity::warn, "config", "disk.low", "the log and two compactions do not fit between disk.stop and disk.low",
          fmt::format("set it to {} at least", human_size(s.disk_stop + s.wal + 2 * 256 * limits::mib)));
    if (s.http_metrics)
      say(severity::warn, "config", "http.metrics", "the traffic of all tenants shows on the public listeners",
          "read the metrics from the admin listener");
    if (out.size() == before) say(severity::ok, "config", "settings", "nothing to remark");
  }

  void refusals() {
    if (!f.running) return;
    for (const auto& [name, times] : f.refusals)
      say(severity::warn, "refusals", name, fmt::format("{:.0f} since the start {} ago", times,
          human_time(static_cast<double>(f.uptime_s))),
          name.starts_with("burrow_restarts") ? "the log says which actor failed, and why" :
          "the node was at a bound: look at the load, the limits.* settings, and node/README.md for the metric");
    if (f.refusals.empty()) say(severity::ok, "refusals", "requests", "none was turned away by a bound of the node");
  }

  void backup() {
    if (f.with_others) // what one member has is no backup; one of a whole cluster is not there yet
      return say(severity::ok, "backup", f.with.data, "of a cluster there is none yet; its copies stand in its zones");
    if (!f.backup_unix)
      return say(severity::warn, "backup", f.with.data, "there never was one", "burrow backup create DIRECTORY");
    const auto age = std::max<std::int64_t>(0, f.now_unix - *f.backup_unix);
    const auto seen = fmt::format("the last one is {} old", human_time(static_cast<double>(age)));
    if (age > backup_age_max_s) say(severity::warn, "backup", f.with.data, seen, "burrow backup create DIRECTORY");
    else say(severity::ok, "backup", f.with.data, seen);
  }

  const doctor_facts& f;
  std::vector<finding> out;
};

/// A file of one block, written and synced again and again.
std::vector<double> time_syncs(const std::string& directory) {
  std::vector<double> out;
  const auto path = directory + "/doctor.tmp";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return out;
  const std::string block(4096, 'x');
  for (int i = 0; i < sync_rounds; ++i) {
    const auto began = std::chrono::steady_clock::now();
    if (::pwrite(file, block.data(), block.size(), 0) < 0 || ::fdatasync(file) != 0) {
      out.clear();
      break;
    }
    out.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  ::close(file);
  ::unlink(path.c_str());
  return out;
}

} // namespace

doctor_facts machine_facts(const settings& with) {
  doctor_facts out;
  out.with = with;
  out.now_unix = std::time(nullptr);
  struct statvfs space {};
  if (::statvfs(with.data.c_str(), &space) == 0) {
    out.disk_free = std::uint64_t{space.f_bavail} * space.f_frsize;
    out.disk_total = std::uint64_t{space.f_blocks} * space.f_frsize;
  }
  struct statfs kind {};
  if (::statfs(with.data.c_str(), &kind) == 0) out.in_memory = kind.f_type == TMPFS_MAGIC || kind.f_type == RAMFS_MAGIC;
  out.sync_seconds = time_syncs(with.data);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) out.files_max = files.rlim_max; // a start raises it to this
  timex state{};
  if (const int told = ::adjtimex(&state); told >= 0) out.clock_disciplined = told != TIME_ERROR;
  return out;
}

std::vector<finding> diagnose(const doctor_facts& facts) { return examiner(facts).run(); }

severity worst(const std::vector<finding>& all) {
  severity out = severity::ok;
  for (const auto& one : all) out = std::max(out, one.how);
  return out;
}

std::string_view word_of(severity how) {
  return how == severity::bad ? "bad" : how == severity::warn ? "warn" : "ok";
}

nlohmann::ordered_json to_json(const std::vector<finding>& all) {
  nlohmann::ordered_json out{{"verdict", word_of(worst(all))}, {"findings", nlohmann::ordered_json::array()}};
  for (const auto& one : all)
    out["findings"].push_back({{"severity", word_of(one.how)}, {"check", one.check},
                               {"node", one.node.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(one.node)},
                               {"object", one.object}, {"evidence", one.evidence}, {"advice", one.advice}});
  return out;
}

std::optional<std::vector<finding>> findings_of(const nlohmann::ordered_json& all) {
  if (!all.is_object() || !all.contains("findings") || !all["findings"].is_array()) return std::nullopt;
  std::vector<finding> out;
  for (const auto& one : all["findings"]) {
    const auto text = [&](const char* key) {
      return one.is_object() && one.contains(key) && one[key].is_string() ? one[key].get<std::string>() : std::string{};
    };
    const auto how = text("severity");
    out.push_back({how == "bad" ? severity::bad : how == "warn" ? severity::warn : severity::ok, text("check"),
                   text("object"), text("evidence"), text("advice"), text("node")});
  }
  return out;
}

} // namespace burrow
