#include "node/settings.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <string>

using namespace burrow;

namespace {

std::string refusal(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
  const auto loaded = load_settings(arguments, environment);
  return loaded ? std::string{} : loaded.error().context;
}

} // namespace

TEST_CASE("the shipped settings are in order and all called default") {
  const auto loaded = load_settings({}, {});
  REQUIRE(loaded);
  for (const auto& source : loaded->sources) CHECK(source == "default");
}

TEST_CASE("keys, flags and variables of the table are distinct") {
  std::set<std::string> flags, variables;
  for (const auto& row : settings_table()) {
    CHECK(flags.insert(flag_of(row)).second);
    CHECK(variables.insert(variable_of(row)).second);
    CHECK(!row.why.empty());
    CHECK(row.why.back() == '.');
  }
}

TEST_CASE("every shipped value is within its own range and reads back as itself") {
  const settings shipped;
  for (const auto& row : settings_table()) {
    CAPTURE(row.key);
    if (row.measure == unit::flag || value_of(row, shipped).empty()) continue;
    const auto loaded = load_settings({flag_of(row), value_of(row, shipped)}, {});
    REQUIRE(loaded);
    CHECK(value_of(row, loaded->values) == value_of(row, shipped));
  }
}

TEST_CASE("a flag wins over a variable, and each is named as the source") {
  const auto loaded = load_settings({"--zone", "flag"}, {"BURROW_ZONE=env", "BURROW_NODE=env", "BURROW_OTHER=x"});
  REQUIRE(loaded);
  CHECK(loaded->values.zone == "flag");
  CHECK(loaded->values.node == "env");
  CHECK(loaded->sources[0] == "BURROW_NODE");
  CHECK(loaded->sources[1] == "--zone");
}

TEST_CASE("sizes and times may have their unit, and nothing else behind it") {
  const auto loaded = load_settings({"--limits-max-body", "2MiB", "--drain=1m"}, {});
  REQUIRE(loaded);
  CHECK(loaded->values.max_body == 2 * limits::mib);
  CHECK(loaded->values.drain == 60);
  for (const auto* bad : {"2MB", "-1", "1.5MiB", "", "99999999999999999999", "17MiB", "0"})
    CHECK(refusal({"--limits-max-body", bad}).find("limits.max_body") != std::string::npos);
}

TEST_CASE("a switch is on by itself, and says true or false in full") {
  const auto loaded = load_settings({"--insecure-http", "--http", "0.0.0.0:80"}, {});
  REQUIRE(loaded);
  CHECK(loaded->values.insecure_http);
  CHECK(refusal({"--insecure-http=maybe"}).find("true or false") != std::string::npos);
}

TEST_CASE("HTTP off loopback is refused without its flag, in any of the addresses") {
  for (const auto* address : {"0.0.0.0:80", "127.0.0.1:1,10.0.0.1:80", "[::]:80"}) {
    CHECK(refusal({"--http", address}).find("--insecure-http") != std::string::npos);
    CHECK(refusal({"--admin", address}).find("--insecure-http") != std::string::npos);
  }
  CHECK(refusal({"--http", "127.0.0.2:80,[::1]:80,localhost:0"}).empty());
}

TEST_CASE("an unknown flag gets the nearest one, and a stray word is refused") {
  CHECK(refusal({"--zoen", "a"}).find("did you mean --zone?") != std::string::npos);
  CHECK(refusal({"here"}).find("here") != std::string::npos);
  // No guessing: a prefix that happens to be unique today is ambiguous tomorrow.
  CHECK(!refusal({"--zon", "a"}).empty());
}

TEST_CASE("an unknown key of the file is refused with file, line and the nearest key") {
  const std::string path = "settings_test.conf";
  std::ofstream(path) << "node = a\n[limits]\n# a comment\nwaitres = 3\n";
  const auto text = refusal({"--config", path});
  std::remove(path.c_str());
  CHECK(text.find(path + ":4") != std::string::npos);
  CHECK(text.find("limits.waitres") != std::string::npos);
  CHECK(text.find("did you mean limits.waiters?") != std::string::npos);
}
