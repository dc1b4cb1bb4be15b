// Random questions between nodes and their outcomes (actors/forward_codec.hpp), of every kind that there is.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/queue/query.hpp"
#include "cluster/queue/command.hpp"

#include <string>
#include <vector>

namespace burrow::test {

[[nodiscard]] std::string some_bytes(random& chance, std::size_t most);
[[nodiscard]] std::vector<shared_bytes> some_bodies(random& chance, std::size_t most);
[[nodiscard]] queue::query some_query(random& chance);
[[nodiscard]] queue::reply some_reply(random& chance);
[[nodiscard]] queue::answer some_answer(random& chance);

} // namespace burrow::test
