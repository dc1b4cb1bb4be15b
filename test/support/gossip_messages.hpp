// Random messages between members, sound ones, of every kind.
#pragma once

#include "cluster/base/random.hpp"
#include "cluster/membership/messages.hpp"

namespace burrow::test {

[[nodiscard]] membership::rumour random_rumour(random& chance);
[[nodiscard]] membership::probe_message random_probe(random& chance);

} // namespace burrow::test
