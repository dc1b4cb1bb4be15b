// The recogniser of JSON against what is not JSON, and what it hands on of what is.
#include "actors/gateway/base64.hpp"
#include "actors/gateway/batch_json.hpp"
#include "actors/gateway/json_scan.hpp"
#include "actors/gateway/json_write.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace burrow::test {
namespace {

using namespace std::string_literals;

TEST_CASE("what is no JSON is refused") {
  const std::string bad[] = {
    "", " ", "tru", "truee", "nul", "{", "[", "{\"a\"", "{\"a\":", "{\"a\":1", "[1", "[1,", "[1,]", "[,1]", "[1 2]",
    "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\":tru}", "[1}", "{\"a\":1]", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
    "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "\"a\0b\""s, "\0"s, "1\0"s, "01",
    "-",
    "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "\xEF\xBB\xBF{}", "\"\xFF\"", "\"\xC0\xAF\"",
    "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "{} x", "{}{}", "'a'", "/**/1", "\"\t\"", "\"\\", "\"\\u",
    std::string(129, '[') + std::string(129, ']'), std::string(100'000, '['),
  };
  for (const auto& text : bad) {
    CAPTURE(text.substr(0, 40));
    CHECK_FALSE(json_is_valid(text));
  }
}

TEST_CASE("what is JSON is taken, odd as it may be") {
  const std::string good[] = {
    "1e400", "-0", "0.0e-0", "123456789012345678901234567890", "\"\"", "[]", "{}", " \t\r\n[ ] ", "null", "true",
    "{\"a\":1,\"a\":2}", "\"\\ud83d\\ude00\"", "\"\\u0000\"", "\"\xF0\x9F\x98\x80\"", "\"\x7F\"", "[[[]]]", "{\"\":{}}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", std::string(128, '[') + std::string(128, ']'), "\"aaaaaaaa\\\"bbbbbbbbb\"",
  };
  for (const auto& text : good) {
    CAPTURE(text.substr(0, 40));
    CHECK(json_is_valid(text));
  }
}

TEST_CASE("a string says what nlohmann says it says") {
  for (const char* text : {"\"a\\u00e9\\ud83d\\ude00\\n\\\\\\\"\\/b\"", "\"\"", "\"\\u0001\\u001f\\u07ff\\uffff\""}) {
    CHECK(json_unquoted(text) == nlohmann::json::parse(text).get<std::string>());
  }
}

TEST_CASE("what is written as a string is read back the same") {
  std::string all;
  for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
  all += "é€😀";
  std::string text;
  json_string(text, all);
  CHECK(json_is_valid(text));
  CHECK(nlohmann::json::parse(text).get<std::string>() == all);
  CHECK(json_unquoted(text) == all);
}

TEST_CASE("compacting takes white space away between tokens only") {
  CHECK(json_compact("{ \"a b\" : [ 1 , \" \\\" x \" ] }") == "{\"a b\":[1,\" \\\" x \"]}");
}

TEST_CASE("a time is written in UTC with milliseconds") {
  std::string text;
  json_time(text, instant{1'932'887'647'120});
  CHECK(text == "\"2031-04-02T09:14:07.120Z\"");
}

TEST_CASE("base64 is strict, so that one value has one text") {
  for (const auto& [bytes, text] : {std::pair{""s, ""s}, {"f"s, "Zg=="s}, {"fo"s, "Zm8="s}, {"foo"s, "Zm9v"s}}) {
    std::string out;
    base64_append(out, bytes);
    CHECK(out == text);
    CHECK(base64_decoded(text) == bytes);
  }
  for (const char* bad : {"Zg", "Zg=", "Zh==", "Zm9=", "Zm 9", "Zg==Zg==", "====", "Z", "Zm9v\n", "_-A="}) {
    CAPTURE(bad);
    CHECK_FALSE(base64_decoded(bad).has_value());
  }
}

message_batch batch_of(std::string_view text) {
  auto read = read_message_batch(text);
  REQUIRE(std::holds_alternative<message_batch>(read));
  return std::get<message_batch>(std::move(read));
}
problem_type refused(std::string_view text) {
  auto read = read_message_batch(text);
  REQUIRE(std::holds_alternative<problem>(read));
  return std::get<problem>(read).type;
}

TEST_CASE("a batch keeps each body as it was meant") {
  const auto batch = batch_of(R"({"messages": [
    {"id": "a", "body": "x\n", "ttl": 3600},
    {"body_base64": "/wA=", "content_type": "image/x", "hide": 30},
    {"body": {"n": [1, 2.50]}, "meta": {"region": "north"}, "persistent": false},
    {"body": null}, {}]})");
  REQUIRE(batch.entries.size() == 5);
  CHECK(batch.entries[0].body == "x\n");
  CHECK(batch.entries[0].ttl == 3600);
  CHECK(batch.entries[0].attributes.content_type == "text/plain; charset=utf-8");
  CHECK(batch.entries[1].body == "\xFF\0"s);
  CHECK(batch.entries[1].attributes.content_type == "image/x");
  CHECK(batch.entries[2].body == "{\"n\":[1,2.50]}");
  CHECK(batch.entries[2].attributes.content_type == "application/json");
  CHECK(batch.entries[2].attributes.meta.at("region") == "north");
  CHECK(batch.entries[2].attributes.persistent == false);
  CHECK(batch.entries[3].body == "null");
  CHECK(batch.entries[4].body.empty());
  CHECK_FALSE(batch.atomic);
}

TEST_CASE("of two members with one name the last one counts") {
  const auto batch = batch_of(R"({"messages": [{}, {}], "atomic": false,
    "messages": [{"id": "x", "id": "y"}], "atomic": true})");
  REQUIRE(batch.entries.size() == 1);
  CHECK(batch.entries[0].id == "y");
  CHECK(batch.atomic);
}

TEST_CASE("a bad entry is bad alone") {
  const auto batch = batch_of(R"({"messages": [{"ttl": -1}, {"hide": 1.5}, {"id": "~x"}, {"id": 7},
    {"body_base64": "?"},
    {"body": "a", "body_base64": "YQ=="}, {"content_type": "a\nb"}, {"meta": {"A": "x"}}, {"meta": {"a": 1}},
    {"priority": 10}, {"ttl": 315360001}, {"id": ""}, {"id": "ok"}]})");
  using enum problem_type;
  const problem_type wanted[] = {invalid_parameter, invalid_parameter, invalid_name, invalid_parameter,
      invalid_parameter,
                                 invalid_parameter, invalid_parameter, invalid_parameter, invalid_parameter,
                                 invalid_parameter, invalid_parameter, invalid_name};
  for (std::size_t i = 0; i < std::size(wanted); ++i) {
    CAPTURE(i);
    CHECK(batch.entries[i].refused == wanted[i]);
  }
  CHECK_FALSE(batch.entries.back().refused.has_value());
}

TEST_CASE("a malformed envelope is refused whole") {
  for (const char* text : {"", "[]", "{}", "{\"messages\": []}", "{\"messages\": {}}", "{\"messages\": [1]}",
                           "{\"messages\": [{}]} x", "{\"messages\": [{}], \"atomic\": 1}", "{\"messages\": [{}],}",
                           "{\"messages\": [{\"a\": tru}]}", "{\"messages\": [{\"id\": \"\xFF\"}]}"}) {
    CAPTURE(text);
    CHECK(refused(text) == problem_type::invalid_json);
  }
  std::string many = "{\"messages\": [{}";
  for (int i = 0; i < 100; ++i) many += ",{}";
  CHECK(refused(many + "]}") == problem_type::batch_too_large);
}

TEST_CASE("receipts of a batch need an id each") {
  auto read = read_receipt_batch(R"({"hide": 60, "messages": [{"id": "a", "receipt": "r1.x"}, {"id": "b"}]})");
  REQUIRE(std::holds_alternative<receipt_batch>(read));
  const auto& batch = std::get<receipt_batch>(read);
  CHECK(batch.hide == 60);
  CHECK(batch.entries[0].receipt == "r1.x");
  CHECK_FALSE(batch.entries[1].receipt.has_value());
  CHECK(std::holds_alternative<problem>(read_receipt_batch(R"({"messages": [{"receipt": "r1.x"}]})")));
  CHECK(std::holds_alternative<problem>(read_receipt_batch(R"({"hide": -1, "messages": [{"id": "a"}]})")));
}

} // namespace
} // namespace burrow::test
