#include "actors/gateway/idempotency.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

using namespace burrow;

namespace {

http_request put(std::vector<std::pair<std::string_view, std::string_view>> fields) {
  http_request out;
  out.method = http_method::put;
  out.method_text = "PUT";
  out.path = "/v1.0/a/q/m";
  out.query = "ttl=5";
  out.fields = std::move(fields);
  return out;
}

const std::vector<std::pair<std::string_view, std::string_view>> plain = {
  {"Content-Type", "text/plain"}, {"Burrow-Meta-a", "1"}, {"Burrow-Meta-b", "2"}, {"X-Other", "x"}};

} // namespace

TEST_CASE("requests are the same whatever the order and the case of their fields, and what is none of ours") {
  const auto first = request_hash(put(plain), {1, 2});
  auto fields = plain;
  std::reverse(fields.begin(), fields.end());
  fields.emplace_back("Traceparent", "00-1-2-01");
  fields.emplace_back("Idempotency-Key", "k");
  CHECK(request_hash(put(fields), {1, 2}) == first);
  fields[2].first = "BURROW-META-A";
  CHECK(request_hash(put(fields), {1, 2}) == first);
}

TEST_CASE("requests differ by method, path, query, body, Content-Type and every field of ours") {
  const auto first = request_hash(put(plain), {1, 2});
  const auto differs = [&](const std::function<void(http_request&)>& change) {
    auto other = put(plain);
    change(other);
    return request_hash(other, {1, 2}) != first;
  };
  CHECK(differs([](auto& r) { r.method_text = "POST"; }));
  CHECK(differs([](auto& r) { r.path = "/v1.0/a/q/n"; }));
  CHECK(differs([](auto& r) { r.query = "ttl=6"; }));
  CHECK(differs([](auto& r) { r.fields[0].second = "text/html"; }));
  CHECK(differs([](auto& r) { r.fields[1].second = "3"; }));
  CHECK(differs([](auto& r) { r.fields[1].first = "Burrow-Meta-c"; }));
  CHECK(differs([](auto& r) { r.fields.erase(r.fields.begin() + 1); }));
  CHECK(differs([](auto& r) { r.fields.emplace_back("Burrow-Receipt", ""); }));
  // What moves from one part to the next is another request.
  CHECK(differs([](auto& r) { r.path = "/v1.0/a/q/mttl", r.query = "=5"; }));
  CHECK(request_hash(put(plain), {1, 3}) != first);
}

TEST_CASE("a key is one field of 1 to 255 visible ASCII characters") {
  const auto read = [](std::vector<std::pair<std::string_view, std::string_view>> fields, std::string_view& key) {
    return !key_of(put(std::move(fields)), key).has_value();
  };
  std::string_view key;
  CHECK(read({}, key));
  CHECK(key.empty());
  const std::string longest(255, '~'), longer(256, '~');
  CHECK(read({{"idempotency-KEY", longest}}, key));
  CHECK(key == longest);
  for (const std::string_view bad : {"", "a b", "a\x7f", "\xc3\xa9", "a\tb"})
    CHECK_FALSE(read({{"Idempotency-Key", bad}}, key));
  CHECK_FALSE(read({{"Idempotency-Key", longer}}, key));
  CHECK_FALSE(read({{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}}, key));
}

TEST_CASE("sequences are whole numbers from 1 to 2^63-1") {
  CHECK(sequence_of("1") == 1);
  CHECK(sequence_of("9223372036854775807") == 9223372036854775807ULL);
  for (const std::string_view bad : {"", "0", "-1", "+1", " 1", "1 ", "1.0", "1e3", "x", "9223372036854775808",
                                     "99999999999999999999999"})
    CHECK_FALSE(sequence_of(bad));
}
