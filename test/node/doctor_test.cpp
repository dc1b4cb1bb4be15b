// What the doctor says of facts that a test node cannot be brought to.
#include "node/doctor.hpp"

#include "cluster/storage/keys.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace burrow;

namespace {

doctor_facts healthy() {
  doctor_facts f;
  f.running = true;
  f.now_unix = 1'000'000;
  f.disk_free = 500ULL << 30;
  f.disk_total = 1000ULL << 30;
  f.files_max = 1 << 20;
  f.sync_seconds = {0.001, 0.002, 0.001};
  f.clock_disciplined = true;
  f.format = keys::format_version;
  f.backup_unix = f.now_unix - 3600;
  return f;
}

severity of(const doctor_facts& f, std::string_view check) {
  severity out = severity::ok;
  for (const auto& one : diagnose(f))
    if (one.check == check) out = std::max(out, one.how);
  return out;
}

} // namespace

TEST_CASE("a healthy node has nothing to remark, and every check is there") {
  const auto all = diagnose(healthy());
  CHECK(worst(all) == severity::ok);
  for (const auto* check : {"disk", "sync", "files", "clock", "ports", "store", "shards", "config", "refusals",
                            "backup"})
    CHECK_MESSAGE(std::any_of(all.begin(), all.end(), [&](const auto& f) { return f.check == check; }), check);
}

TEST_CASE("each thing that is wrong is found, and says what to do") {
  const auto wrong = [](std::string_view check, severity how, auto change) {
    auto f = healthy();
    change(f);
    CHECK_MESSAGE(of(f, check) == how, check);
    for (const auto& one : diagnose(f))
      if (one.how != severity::ok) CHECK_MESSAGE(!one.advice.empty(), one.check);
  };
  wrong("disk", severity::warn, [](auto& f) { f.disk_free = 60ULL << 30; });
  wrong("disk", severity::bad, [](auto& f) { f.disk_free = 40ULL << 30; });
  wrong("sync", severity::warn, [](auto& f) { f.sync_seconds = {0.03, 0.03, 0.03}; });
  wrong("sync", severity::bad, [](auto& f) { f.sync_seconds = {0.3, 0.3, 0.3}; });
  wrong("sync", severity::bad, [](auto& f) { f.sync_seconds.clear(); });
  wrong("sync", severity::warn, [](auto& f) { f.in_memory = true; });
  wrong("files", severity::warn, [](auto& f) { f.files_max = 8192; });
  wrong("files", severity::bad, [](auto& f) { f.files_max = 1024; });
  wrong("clock", severity::warn, [](auto& f) { f.clock_disciplined = false; });
  wrong("clock", severity::warn, [](auto& f) { f.time_ahead_s = 9; });
  wrong("ports", severity::bad, [](auto& f) { f.ports_taken = {"127.0.0.1:1"}; });
  wrong("store", severity::bad, [](auto& f) { f.format = keys::format_version + 1; });
  wrong("store", severity::bad, [](auto& f) { f.store_problem = "gone"; });
  wrong("store", severity::bad, [](auto& f) { f.restore_unfinished = true; });
  wrong("store", severity::warn, [](auto& f) { f.stalls = 3; });
  wrong("shards", severity::bad, [](auto& f) { f.damaged[7] = "a hole"; });
  wrong("shards", severity::bad, [](auto& f) { f.quarantined[7] = "an entry"; });
  wrong("shards", severity::warn, [](auto& f) { f.unchecked = true; });
  wrong("config", severity::warn, [](auto& f) { f.with.insecure_http = true; });
  wrong("config", severity::warn, [](auto& f) { f.with.accept_loss = "once"; });
  wrong("refusals", severity::warn, [](auto& f) { f.refusals = {{"burrow_refused_total busy", 4}}; });
  wrong("backup", severity::warn, [](auto& f) { f.backup_unix = f.now_unix - 27 * 3600; });
  wrong("backup", severity::warn, [](auto& f) { f.backup_unix.reset(); });
  wrong("certificates", severity::bad, [](auto& f) { f.member = true, f.with.cluster = "10.0.0.1:7700"; });
}

TEST_CASE("certificates are looked at where there is a cluster") {
  auto f = healthy();
  CHECK(of(f, "certificates") == severity::ok);
  f.member = true;
  CHECK(of(f, "certificates") == severity::ok); // on loopback
  f.with.cluster_certificate = "/etc/a.pem";
  CHECK(of(f, "certificates") == severity::warn); // nobody knows until when
  constexpr std::int64_t day = 86'400;
  for (const auto& [days, how] : {std::pair{-1, severity::bad}, {1, severity::bad}, {13, severity::warn},
                                  {15, severity::ok}}) {
    f.certificate_until_unix = f.now_unix + days * day;
    CHECK_MESSAGE(of(f, "certificates") == how, days);
  }
  f.certificate_reloads_failed = true;
  CHECK(of(f, "certificates") == severity::warn);
  f.certificate_problem = "the key is of another certificate";
  CHECK(of(f, "certificates") == severity::bad);
}

TEST_CASE("a member among others is not asked for a backup that it could not make") {
  auto f = healthy();
  f.backup_unix.reset();
  f.member = true;
  CHECK(of(f, "backup") == severity::warn);
  f.with_others = true;
  CHECK(of(f, "backup") == severity::ok);
}
