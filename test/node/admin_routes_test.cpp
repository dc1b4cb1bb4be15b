// /admin/v1's own description has what is served and nothing else.
#include "node/admin_api.hpp"
#include "node/admin_routes.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace burrow;

TEST_CASE("the document of /admin/v1 has every row of its table, and each row is served") {
  const auto document = nlohmann::json::parse(admin_document());
  CHECK(document["openapi"] == "3.1.0");
  std::set<std::string_view> ids, paths;
  std::size_t described = 0, expected = 0;
  for (const auto& op : admin_operations()) {
    CHECK_MESSAGE(admin_api::serves(op.id), op.id);
    CHECK(ids.insert(op.id).second);
    paths.insert(op.path);
    expected += op.method == http_method::get ? 2 : 1;
    CHECK_FALSE(op.answers.empty());
  }
  CHECK_FALSE(admin_api::serves("burn"));
  for (const auto& [path, item] : document["paths"].items()) {
    CHECK_MESSAGE(paths.contains(path), path);
    described += item.size();
  }
  CHECK(described == expected);
  CHECK(document["paths"].size() == paths.size());
}

TEST_CASE("every schema that is named is there, and every one that is there is named") {
  const auto text = admin_document();
  std::set<std::string_view> names;
  for (const auto& schema : admin_schemas()) {
    CHECK(names.insert(schema.name).second);
    CHECK_MESSAGE(text.find("\"#/components/schemas/" + std::string(schema.name) + "\"") != std::string::npos,
                  schema.name);
  }
  for (const auto& op : admin_operations()) {
    if (!op.body.empty()) CHECK(names.contains(op.body));
    for (const auto& answer : op.answers) CHECK_MESSAGE(names.contains(answer.schema), answer.schema);
  }
}
